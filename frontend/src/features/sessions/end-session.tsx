import { App, Button, type ModalFuncProps } from 'antd';
import { useTranslation } from 'react-i18next';
import { useMutation } from 'urql';
import { readApiError } from '../../graphql/api-error';
import { graphql } from '../../graphql/schema';
import { describeError } from '../../ui/error-message';

const EndSessionMutation = graphql(`
  mutation EndSession($input: EndSessionInput!) {
    endSession(input: $input) {
      id
      endedAt
      endReason
      user {
        id
      }
    }
  }
`);

const EndOtherSessionsMutation = graphql(`
  mutation EndOtherSessions {
    endOtherSessions
  }
`);

export function EndSession({ sessionId, device }: { sessionId: string; device: string }) {
  const { t } = useTranslation();
  const confirm = useConfirm();
  const { message } = App.useApp();
  const [, endSession] = useMutation(EndSessionMutation);

  async function end() {
    const { error } = await endSession({ input: { sessionId } });
    if (error) message.error(describeError(readApiError(error), t));
    else message.success(t('sessions.ended', { device }));
  }

  return (
    <Button
      size="small"
      aria-label={t('sessions.endOf', { device })}
      onClick={({ currentTarget }) =>
        confirm({
          title: t('sessions.endQuestion', { device }),
          content: t('sessions.endText'),
          okText: t('sessions.end'),
          onOk: end,
          afterClose: headingOnceGone(currentTarget),
        })
      }
    >
      {t('sessions.end')}
    </Button>
  );
}

export function EndOtherSessions() {
  const { t } = useTranslation();
  const confirm = useConfirm();
  const { message } = App.useApp();
  const [, endOtherSessions] = useMutation(EndOtherSessionsMutation);

  async function end() {
    const { data, error } = await endOtherSessions({});
    if (error) message.error(describeError(readApiError(error), t));
    else message.success(t('sessions.endedOthers', { count: data?.endOtherSessions ?? 0 }));
  }

  return (
    <Button
      danger
      onClick={() =>
        confirm({
          title: t('sessions.endOthersQuestion'),
          content: t('sessions.endOthersText'),
          okText: t('sessions.endOthers'),
          onOk: end,
        })
      }
    >
      {t('sessions.endOthers')}
    </Button>
  );
}

/** A session that has ended takes its button along: the focus goes to the heading of the list it was in. */
function headingOnceGone(button: HTMLElement) {
  const heading = button.closest('section')?.querySelector('h2');
  return () => {
    if (!button.isConnected) heading?.focus();
  };
}

function useConfirm() {
  const { t } = useTranslation();
  const { modal } = App.useApp();
  return (question: Pick<ModalFuncProps, 'title' | 'content' | 'okText' | 'onOk' | 'afterClose'>) =>
    modal.confirm({
      cancelText: t('actions.cancel'),
      okButtonProps: { danger: true },
      autoFocusButton: 'cancel',
      ...question,
    });
}
