import { App, Button } from 'antd';
import { useTranslation } from 'react-i18next';
import { useMutation } from 'urql';
import { graphql } from '../../graphql/schema';
import { headingOnceGone, useConfirm } from '../../ui/confirm';
import { useTellFailure } from '../../ui/tell-failure';
import { FactorOwnerFields } from './second-factor-fields';

const DisableTotpMutation = graphql(
  `
    mutation DisableTotp {
      disableTotp {
        ...FactorOwnerFields
      }
    }
  `,
  [FactorOwnerFields],
);

export function DisableTotp() {
  const { t } = useTranslation();
  const confirm = useConfirm();
  const { message } = App.useApp();
  const tellFailure = useTellFailure();
  const [, disableTotp] = useMutation(DisableTotpMutation);

  async function disable() {
    const { error } = await disableTotp({});
    if (error) tellFailure(error);
    else message.success(t('totp.removed'));
  }

  return (
    <Button
      size="small"
      onClick={({ currentTarget }) =>
        confirm({
          title: t('totp.removeQuestion'),
          content: t('totp.removeText'),
          okText: t('actions.remove'),
          onOk: disable,
          afterClose: headingOnceGone(currentTarget),
        })
      }
    >
      {t('actions.remove')}
    </Button>
  );
}
