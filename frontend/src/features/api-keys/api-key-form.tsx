import { Checkbox, Form, Input, InputNumber, Select } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMutation } from 'urql';
import { type ApiError, readApiError } from '../../graphql/api-error';
import { useViewer } from '../../graphql/browser-session';
import { type ApiKeyScope, graphql } from '../../graphql/schema';
import { DialogButtons } from '../../ui/dialog';
import { showViolations } from '../../ui/error-message';
import { FormFailure } from '../../ui/form-failure';
import { Said } from '../../ui/said';
import { nameRules } from '../auth/field-rules';
import { ApiKeyFields } from './api-key-fields';
import styles from './api-key-form.module.css';
import { type ApiKeyDraft, apiKeyInput, lifetimes } from './api-key-input';

export const CreateApiKeyMutation = graphql(
  `
    mutation CreateApiKey($input: CreateApiKeyInput!) {
      createApiKey(input: $input) {
        key
        apiKey {
          ...ApiKeyFields
        }
      }
    }
  `,
  [ApiKeyFields],
);

interface ApiKeyFormProps {
  onCreated: (key: string) => void;
  onCancel: () => void;
}

const scopes: ApiKeyScope[] = ['READ', 'WRITE', 'CHAT', 'ADMIN'];
/** Not a rule of being required: antd would say that of the group, where it means nothing. */
async function someScope(_: unknown, chosen: readonly ApiKeyScope[]) {
  if (chosen.length === 0) throw new Error();
}

const noScope = <Said say={(t) => t('apiKeys.noScope')} />;

export function ApiKeyForm({ onCreated, onCancel }: ApiKeyFormProps) {
  const { t } = useTranslation();
  const { role } = useViewer();
  const [form] = Form.useForm<ApiKeyDraft>();
  const [{ fetching }, createApiKey] = useMutation(CreateApiKeyMutation);
  const [failure, setFailure] = useState<ApiError>();

  async function submit(draft: ApiKeyDraft) {
    setFailure(undefined);
    const { data, error } = await createApiKey({ input: apiKeyInput(draft) });
    if (data) return onCreated(data.createApiKey.key);
    const apiError = error && readApiError(error);
    if (apiError && !showViolations(form, apiError)) setFailure(apiError);
  }

  return (
    <Form<ApiKeyDraft>
      form={form}
      noValidate
      layout="vertical"
      initialValues={{ scopes: ['READ'], expiresInDays: 90 }}
      onFinish={submit}
      scrollToFirstError={{ focus: true }}
    >
      <FormFailure error={failure} words={{ CONFLICT: t('apiKeys.tooMany') }} />
      <Form.Item name="name" label={t('apiKeys.name')} rules={nameRules} extra={t('apiKeys.nameHint')}>
        <Input autoFocus autoComplete="off" />
      </Form.Item>
      <Form.Item
        name="scopes"
        label={t('apiKeys.scopes')}
        rules={[{ validator: someScope, message: noScope }]}
      >
        <Checkbox.Group className={styles.scopes}>
          {scopes
            .filter((scope) => scope !== 'ADMIN' || role === 'ADMIN')
            .map((scope) => (
              <Checkbox key={scope} value={scope}>
                <span className={styles.scope}>
                  {t(`apiKeys.scope.${scope}.name`)}
                  <span className={styles.explanation}>{t(`apiKeys.scope.${scope}.text`)}</span>
                </span>
              </Checkbox>
            ))}
        </Checkbox.Group>
      </Form.Item>
      <Form.Item name="expiresInDays" label={t('apiKeys.lifetime')}>
        <Select
          options={lifetimes.map((days) => ({
            value: days,
            label: days === 0 ? t('apiKeys.neverExpires') : t('apiKeys.days', { count: days }),
          }))}
        />
      </Form.Item>
      <Form.Item name="budgetPerMinute" label={t('apiKeys.budget')} extra={t('apiKeys.budgetHint')}>
        <InputNumber min={1} precision={0} className={styles.budget} placeholder={t('apiKeys.budgetUsual')} />
      </Form.Item>
      <DialogButtons onCancel={onCancel} action={t('apiKeys.create')} loading={fetching} />
    </Form>
  );
}
