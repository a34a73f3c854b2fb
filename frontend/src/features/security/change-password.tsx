import { App, Button } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Dialog } from '../../ui/dialog';
import { PasswordForm } from './password-form';

export function ChangePassword() {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const [open, setOpen] = useState(false);

  function changed() {
    setOpen(false);
    message.success(t('security.passwordChanged'));
  }

  return (
    <>
      <Button size="small" aria-label={t('security.changePassword')} onClick={() => setOpen(true)}>
        {t('actions.change')}
      </Button>
      <Dialog title={t('security.changePassword')} open={open} onClose={() => setOpen(false)}>
        <PasswordForm onChanged={changed} onCancel={() => setOpen(false)} />
      </Dialog>
    </>
  );
}
