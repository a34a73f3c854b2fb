import { Button } from 'antd';
import { useTranslation } from 'react-i18next';
import { useNavigate } from 'react-router';
import { paths } from '../paths';
import { Page } from './page';
import { State } from './states';

export function NotFoundPage() {
  const { t } = useTranslation();
  return <Missing sign="404" title={t('states.notFound')} text={t('states.notFoundText')} />;
}

export function ForbiddenPage() {
  const { t } = useTranslation();
  return <Missing sign="403" title={t('states.forbidden')} text={t('states.forbiddenText')} />;
}

function Missing({ sign, title, text }: { sign: string; title: string; text: string }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  return (
    <Page title={title}>
      <State sign={sign} title={text}>
        <Button type="primary" onClick={() => navigate(paths.home)}>
          {t('actions.home')}
        </Button>
      </State>
    </Page>
  );
}
