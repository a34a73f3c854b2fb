import { App, type ModalFuncProps } from 'antd';
import { useTranslation } from 'react-i18next';

type Question = Pick<ModalFuncProps, 'title' | 'content' | 'okText' | 'onOk' | 'afterClose'>;

/** Asks before what cannot be taken back. */
export function useConfirm(): (question: Question) => void {
  const { t } = useTranslation();
  const { modal } = App.useApp();
  return (question) =>
    modal.confirm({
      cancelText: t('actions.cancel'),
      okButtonProps: { danger: true },
      autoFocusButton: 'cancel',
      // antd's own is above everything; a dialog may still ask who is there (`onTop`).
      zIndex: 1050,
      ...question,
    });
}

/** What has gone takes its button along: the focus goes to the heading above the list it was in. */
export function headingOnceGone(button: HTMLElement): () => void {
  const heading =
    button.closest('section')?.querySelector('h2') ?? button.closest('main')?.querySelector('h1');
  return () => {
    if (!button.isConnected) heading?.focus();
  };
}
