import { Button, Modal } from 'antd';
import { createContext, type ReactNode, type RefObject, useContext, useLayoutEffect, useState } from 'react';
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

const Lock = createContext<(locked: boolean) => void>(() => {});

/**
 * Keeps the dialog around the caller open while an answer is on its way: it may bring what is shown but once, or say
 * why nothing has come of it. For one caller in a dialog at a time.
 */
export function useDialogLock(locked: boolean): void {
  const lock = useContext(Lock);
  useLayoutEffect(() => {
    lock(locked);
    return () => lock(false);
  }, [lock, locked]);
}

/** Asks for something, or shows something once. What is in it starts afresh whenever it opens. */
export function Dialog({ title, open, onClose, afterClose, opener, onTop, children }: DialogProps) {
  const { t } = useTranslation();
  const [locked, lock] = useState(false);
  return (
    <Modal
      title={title}
      open={open}
      onCancel={locked ? undefined : onClose}
      afterClose={() => {
        if (document.activeElement === document.body) takeFocusBack(opener?.current);
        afterClose?.();
      }}
      closable={onClose ? { 'aria-label': t('actions.close'), disabled: locked } : false}
      keyboard={onClose !== undefined && !locked}
      // A slip of the mouse must not lose what was typed, or what is shown once.
      mask={{ closable: false }}
      footer={null}
      destroyOnHidden
      width={480}
      styles={{ header: { marginBottom: 16 } }}
      zIndex={onTop ? 1100 : undefined}
      focusable={{ focusTriggerAfterClose: !onTop }}
    >
      <Lock value={lock}>{children}</Lock>
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
  /** What it waits for can be given up. */
  stoppable?: boolean;
  disabled?: boolean;
}

/** The end of a form in a dialog, which stays open as long as the form is on its way. */
export function DialogButtons({
  onCancel,
  action,
  danger,
  loading,
  stoppable = false,
  disabled,
}: DialogButtonsProps) {
  const { t } = useTranslation();
  const locked = loading && !stoppable;
  useDialogLock(locked);
  return (
    <div className={styles.buttons}>
      <Button onClick={onCancel} disabled={locked}>
        {t('actions.cancel')}
      </Button>
      <Button type="primary" htmlType="submit" danger={danger} loading={loading} disabled={disabled}>
        {action}
      </Button>
    </div>
  );
}
