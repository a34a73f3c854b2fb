import { App, Button } from 'antd';
import { useTranslation } from 'react-i18next';
import { useMutation } from 'urql';
import { graphql } from '../../graphql/schema';
import { useTellFailure } from '../../ui/tell-failure';
import { type Mail, MailFields } from './mail-fields';

const RetryMailMutation = graphql(
  `
    mutation RetryMail($input: RetryMailInput!) {
      retryMail(input: $input) {
        ...MailFields
      }
    }
  `,
  [MailFields],
);

export function RetryMail({ mail: { id, recipient } }: { mail: Mail }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const tellFailure = useTellFailure();
  const [{ fetching }, retryMail] = useMutation(RetryMailMutation);

  async function retry() {
    const { error } = await retryMail({ input: { mailId: id } });
    if (error) tellFailure(error, { CONFLICT: t('mails.sentMeanwhile') });
    else message.success(t('mails.retried'));
  }

  return (
    <Button size="small" loading={fetching} aria-label={t('mails.retryOf', { recipient })} onClick={retry}>
      {t('actions.retry')}
    </Button>
  );
}
