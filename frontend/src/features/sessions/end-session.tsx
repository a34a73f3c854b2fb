import { App, Button } from 'antd';
import { useTranslation } from 'react-i18next';
import { useMutation } from 'urql';
import { graphql } from '../../graphql/schema';
import { headingOnceGone, useConfirm } from '../../ui/confirm';
import { useTellFailure } from '../../ui/tell-failure';
import { useWithdrawSignInNotice } from './sign-in-notice';

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
  const tellFailure = useTellFailure();
  const withdrawNotice = useWithdrawSignInNotice();
  const [, endSession] = useMutation(EndSessionMutation);

  async function end() {
    const { error } = await endSession({ input: { sessionId } });
    if (error) {
      tellFailure(error);
      return;
    }
    withdrawNotice(sessionId);
    message.success(t('sessions.ended', { device }));
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
  const tellFailure = useTellFailure();
  const withdrawNotice = useWithdrawSignInNotice();
  const [, endOtherSessions] = useMutation(EndOtherSessionsMutation);

  async function end() {
    const { data, error } = await endOtherSessions({});
    if (error) {
      tellFailure(error);
      return;
    }
    withdrawNotice();
    message.success(t('sessions.endedOthers', { count: data?.endOtherSessions ?? 0 }));
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
