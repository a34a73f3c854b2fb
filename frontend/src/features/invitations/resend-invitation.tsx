import { App, Button } from 'antd';
import { useTranslation } from 'react-i18next';
import { useMutation } from 'urql';
import { graphql } from '../../graphql/schema';
import { useTellFailure } from '../../ui/tell-failure';
import { type Invitation, InvitationFields } from './invitation-fields';

const ResendInvitationMutation = graphql(
  `
    mutation ResendInvitation($input: ResendInvitationInput!) {
      resendInvitation(input: $input) {
        ...InvitationFields
      }
    }
  `,
  [InvitationFields],
);

export function ResendInvitation({ invitation: { id, email } }: { invitation: Invitation }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const tellFailure = useTellFailure();
  const [{ fetching }, resendInvitation] = useMutation(ResendInvitationMutation);

  async function resend() {
    const { error } = await resendInvitation({ input: { invitationId: id } });
    const words = { CONFLICT: t('invitations.changed'), REGISTRATION_CLOSED: t('invitations.closed') };
    if (error) tellFailure(error, words);
    else message.success(t('invitations.resent', { email }));
  }

  return (
    <Button
      size="small"
      loading={fetching}
      aria-label={t('invitations.resendOf', { email })}
      onClick={resend}
    >
      {t('invitations.resend')}
    </Button>
  );
}
