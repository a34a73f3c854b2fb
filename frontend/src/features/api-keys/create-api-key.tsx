import { Button } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Dialog } from '../../ui/dialog';
import { ApiKeyForm } from './api-key-form';
import { NewApiKey } from './new-api-key';

export function CreateApiKey() {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  const [key, setKey] = useState<string>();

  function created(key: string) {
    setKey(key);
    // It is shown this once, whatever has become of the dialog meanwhile.
    setOpen(true);
  }

  return (
    <>
      <Button type="primary" onClick={() => setOpen(true)}>
        {t('apiKeys.create')}
      </Button>
      <Dialog
        title={t(key ? 'apiKeys.newTitle' : 'apiKeys.createTitle')}
        open={open}
        onClose={key ? undefined : () => setOpen(false)}
        afterClose={() => setKey(undefined)}
      >
        {key ? (
          <NewApiKey value={key} onDone={() => setOpen(false)} />
        ) : (
          <ApiKeyForm onCreated={created} onCancel={() => setOpen(false)} />
        )}
      </Dialog>
    </>
  );
}
