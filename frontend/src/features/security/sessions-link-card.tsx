import { LaptopOutlined } from '@ant-design/icons';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { paths } from '../../paths';
import { Card } from '../../ui/card';
import { Row } from '../../ui/row';

export function SessionsLinkCard() {
  const { t } = useTranslation();
  return (
    <Card flush title={t('security.devices')}>
      <ul>
        <Row icon={<LaptopOutlined />} title={<Link to={paths.sessions}>{t('sessions.title')}</Link>}>
          <span>{t('security.sessionsText')}</span>
        </Row>
      </ul>
    </Card>
  );
}
