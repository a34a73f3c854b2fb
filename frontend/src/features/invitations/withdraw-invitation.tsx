import { App, Button } from 'antd';
import { useTranslation } from 'react-i18next';
import { useMutation } from 'urql';
import { graphql } from '../../graphql/schema';
import { headingOnceGone, useConfirm } from '../../ui/confirm';
import { useTellFailure } from '../../ui/tell-failure';
import { type Invitation, InvitationFields } from './invitation-fields';

const WithdrawInvitationMutation = graphql(
  `
    mutation WithdrawInvitation($input: WithdrawInvitationInput!) {
      withdrawInvitation(input: $input) {
        ...InvitationFields
      }
    }
  `,
  [InvitationFields],
);

export function WithdrawInvitation({ invitation: { id, email } }: { invitation: Invitation }) {
  const { t } = useTranslation();
  const confirm = useConfirm();
  const { message } = App.useApp();
  const tellFailure = useTellFailure();
  const [, withdrawInvitation] = useMutation(WithdrawInvitationMutation);

  async function withdraw() {
    const { error } = await withdrawInvitation({ input: { invitationId: id } });
    if (error) tellFailure(error, { CONFLICT: t('invitations.changed') });
    else message.success(t('invitations.withdrawn', { email }));
  }

  return (
    <Button
      size="small"
      aria-label={t('invitations.withdrawOf', { email })}
      onClick={({ currentTarget }) =>
        confirm({
          title: t('invitations.withdrawQuestion', { email }),
          content: t('invitations.withdrawText'),
          okText: t('invitations.withdraw'),
          onOk: withdraw,
          afterClose: headingOnceGone(currentTarget),
        })
      }
    >
      {t('invitations.withdraw')}
    </Button>
  );
}
