import { App, Button, Form, Input, Select } from 'antd';
import { useTranslation } from 'react-i18next';
import { useMutation } from 'urql';
import { readApiError } from '../../graphql/api-error';
import { session } from '../../graphql/browser-session';
import { graphql, type MailLocale, type VariablesOf } from '../../graphql/schema';
import { mailLocales } from '../../i18n';
import { describeError, showViolations } from '../../ui/error-message';
import { nameRules } from '../auth/field-rules';
import styles from './profile-page.module.css';

const UpdateProfile = graphql(`
  mutation UpdateProfile($input: UpdateProfileInput!) {
    updateProfile(input: $input) {
      id
      name
      locale
    }
  }
`);

type Profile = VariablesOf<typeof UpdateProfile>['input'];

export function ProfileForm({ name, locale }: { name: string; locale: MailLocale }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const [form] = Form.useForm<Profile>();
  const [{ fetching }, updateProfile] = useMutation(UpdateProfile);

  async function submit(input: Profile) {
    const { data, error } = await updateProfile({ input });
    if (data) {
      const { id, name } = data.updateProfile;
      session.updateViewer({ id, name });
      form.setFieldsValue(data.updateProfile);
      message.success(t('profile.saved'));
    } else if (error) {
      const apiError = readApiError(error);
      if (!showViolations(form, apiError)) message.error(describeError(apiError, t));
    }
  }

  return (
    <Form<Profile>
      form={form}
      noValidate
      layout="vertical"
      initialValues={{ name, locale }}
      onFinish={submit}
      className={styles.form}
      scrollToFirstError={{ focus: true }}
    >
      <Form.Item name="name" label={t('fields.name')} rules={nameRules}>
        <Input autoComplete="name" />
      </Form.Item>
      <Form.Item name="locale" label={t('profile.mailLanguage')}>
        <Select options={mailLocales.map((value) => ({ value, label: t(`fields.mailLocale.${value}`) }))} />
      </Form.Item>
      <Form.Item>
        <Button type="primary" htmlType="submit" loading={fetching}>
          {t('actions.save')}
        </Button>
      </Form.Item>
    </Form>
  );
}
