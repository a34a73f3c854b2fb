import { Button, Modal } from 'antd';
import type { ReactNode, RefObject } from 'react';
import { useTranslation } from 'react-i18next';
import styles from './dialog.module.css';
import { focusHeading } from './page';

interface DialogProps {
  title: string;
  open: boolean;
  /** Left out where only what is in the dialog closes it. */
  onClose?: () => void;
  afterClose?: () => void;
  /** What takes the focus back, where the dialog opens later than upon a click. */
  opener?: RefObject<HTMLElement | null>;
  /** Above other dialogs, one of which may open as it closes: the focus is left to that one. */
  onTop?: boolean;
  children: ReactNode;
}

/** Asks for something, or shows something once. What is in it starts afresh whenever it opens. */
export function Dialog({ title, open, onClose, afterClose, opener, onTop, children }: DialogProps) {
  const { t } = useTranslation();
  return (
    <Modal
      title={title}
      open={open}
      onCancel={onClose}
      afterClose={() => {
        if (document.activeElement === document.body) takeFocusBack(opener?.current);
        afterClose?.();
      }}
      closable={onClose ? { 'aria-label': t('actions.close') } : false}
      keyboard={onClose !== undefined}
      // A slip of the mouse must not lose what was typed, or what is shown once.
      mask={{ closable: false }}
      footer={null}
      destroyOnHidden
      width={480}
      styles={{ header: { marginBottom: 16 } }}
      zIndex={onTop ? 1100 : undefined}
      focusable={{ focusTriggerAfterClose: !onTop }}
    >
      {children}
    </Modal>
  );
}

/** What was done in a dialog may have taken the button away that had opened it. */
function takeFocusBack(opener: HTMLElement | null | undefined): void {
  if (opener?.isConnected) opener.focus();
  else focusHeading();
}

interface DialogButtonsProps {
  onCancel: () => void;
  /** What the form in the dialog does. */
  action: string;
  danger?: boolean;
  loading: boolean;
  disabled?: boolean;
}

/** The end of a form in a dialog. */
export function DialogButtons({ onCancel, action, danger, loading, disabled }: DialogButtonsProps) {
  const { t } = useTranslation();
  return (
    <div className={styles.buttons}>
      <Button onClick={onCancel}>{t('actions.cancel')}</Button>
      <Button type="primary" htmlType="submit" danger={danger} loading={loading} disabled={disabled}>
        {action}
      </Button>
    </div>
  );
}
