import { App, Button } from 'antd';
import { useTranslation } from 'react-i18next';
import { useMutation } from 'urql';
import { graphql } from '../../graphql/schema';
import { focusHeading } from '../../ui/page';
import { useTellFailure } from '../../ui/tell-failure';

const CancelAccountDeletion = graphql(`
  mutation CancelAccountDeletion {
    cancelAccountDeletion {
      id
      deletionScheduledAt
    }
  }
`);

/** Takes back that the account is to be erased. */
export function KeepAccount() {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const tellFailure = useTellFailure();
  const [{ fetching }, cancelAccountDeletion] = useMutation(CancelAccountDeletion);

  async function keep() {
    const { error } = await cancelAccountDeletion({});
    if (error) return tellFailure(error);
    message.success(t('accountDeletion.canceled'));
    // The button goes with what it has taken back.
    focusHeading();
  }

  return (
    <Button type="primary" loading={fetching} onClick={keep}>
      {t('accountDeletion.keep')}
    </Button>
  );
}
