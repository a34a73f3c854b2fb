import { App, Button } from 'antd';
import { useTranslation } from 'react-i18next';
import { useMutation } from 'urql';
import { graphql } from '../../graphql/schema';
import { headingOnceGone, useConfirm } from '../../ui/confirm';
import { useTellFailure } from '../../ui/tell-failure';
import { FactorOwnerFields, type Passkey } from './second-factor-fields';

const RemovePasskeyMutation = graphql(
  `
    mutation RemovePasskey($input: RemovePasskeyInput!) {
      removePasskey(input: $input) {
        ...FactorOwnerFields
      }
    }
  `,
  [FactorOwnerFields],
);

export function RemovePasskey({ passkey: { id, name } }: { passkey: Passkey }) {
  const { t } = useTranslation();
  const confirm = useConfirm();
  const { message } = App.useApp();
  const tellFailure = useTellFailure();
  const [, removePasskey] = useMutation(RemovePasskeyMutation);

  async function remove() {
    const { error } = await removePasskey({ input: { passkeyId: id } });
    if (error) tellFailure(error, { CONFLICT: t('passkeys.lastWayIn') });
    else message.success(t('passkeys.removed', { name }));
  }

  return (
    <Button
      size="small"
      aria-label={t('passkeys.removeOf', { name })}
      onClick={({ currentTarget }) =>
        confirm({
          title: t('passkeys.removeQuestion', { name }),
          content: t('passkeys.removeText'),
          okText: t('actions.remove'),
          onOk: remove,
          afterClose: headingOnceGone(currentTarget),
        })
      }
    >
      {t('actions.remove')}
    </Button>
  );
}
