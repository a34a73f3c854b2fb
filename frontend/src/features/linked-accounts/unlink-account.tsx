import { App, Button } from 'antd';
import { useTranslation } from 'react-i18next';
import { useMutation } from 'urql';
import { graphql } from '../../graphql/schema';
import { headingOnceGone, useConfirm } from '../../ui/confirm';
import { useTellFailure } from '../../ui/tell-failure';
import { type LinkedAccount, LinkedAccountFields } from './linked-account-fields';

const UnlinkAccountMutation = graphql(
  `
    mutation UnlinkAccount($input: UnlinkAccountInput!) {
      unlinkAccount(input: $input) {
        id
        reauthenticationMethods
        linkedAccounts {
          ...LinkedAccountFields
        }
      }
    }
  `,
  [LinkedAccountFields],
);

export function UnlinkAccount({ account: { id, label } }: { account: LinkedAccount }) {
  const { t } = useTranslation();
  const confirm = useConfirm();
  const { message } = App.useApp();
  const tellFailure = useTellFailure();
  const [, unlinkAccount] = useMutation(UnlinkAccountMutation);

  async function unlink() {
    const { error } = await unlinkAccount({ input: { linkedAccountId: id } });
    if (error) tellFailure(error, { CONFLICT: t('linkedAccounts.lastWayIn') });
    else message.success(t('linkedAccounts.unlinked', { provider: label }));
  }

  return (
    <Button
      size="small"
      aria-label={t('linkedAccounts.unlinkOf', { provider: label })}
      onClick={({ currentTarget }) =>
        confirm({
          title: t('linkedAccounts.unlinkQuestion', { provider: label }),
          content: t('linkedAccounts.unlinkText', { provider: label }),
          okText: t('linkedAccounts.unlink'),
          onOk: unlink,
          afterClose: headingOnceGone(currentTarget),
        })
      }
    >
      {t('linkedAccounts.unlink')}
    </Button>
  );
}
