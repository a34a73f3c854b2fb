import { LockOutlined, MailOutlined } from '@ant-design/icons';
import { Tag } from 'antd';
import { useTranslation } from 'react-i18next';
import { Card } from '../../ui/card';
import { Row } from '../../ui/row';
import { ChangeEmail } from './change-email';
import { ChangePassword } from './change-password';
import { SetPassword } from './set-password';
import { VerifyEmail } from './verify-email';

interface AccountCardProps {
  email: string;
  emailVerified: boolean;
  hasPassword: boolean;
}

/** What one signs in with: the address, and the password. */
export function AccountCard({ email, emailVerified, hasPassword }: AccountCardProps) {
  const { t } = useTranslation();
  return (
    <Card flush title={t('security.signInWith')}>
      <ul>
        <Row
          icon={<MailOutlined />}
          title={t('fields.email')}
          actions={
            <>
              {!emailVerified && <VerifyEmail email={email} />}
              <ChangeEmail current={email} />
            </>
          }
        >
          <span>{email}</span>
          <Tag color={emailVerified ? 'success' : 'warning'}>
            {t(emailVerified ? 'security.emailVerified' : 'security.emailNotVerified')}
          </Tag>
        </Row>
        <Row
          icon={<LockOutlined />}
          title={t('fields.password')}
          actions={hasPassword ? <ChangePassword /> : <SetPassword email={email} />}
        >
          <span>{t(hasPassword ? 'security.passwordSet' : 'security.noPassword')}</span>
        </Row>
      </ul>
    </Card>
  );
}
