import { Button } from 'antd';
import { useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useClient } from 'urql';
import { graphql } from '../../graphql/schema';
import { useConfirm } from '../../ui/confirm';
import { Dialog } from '../../ui/dialog';
import { useTellFailure } from '../../ui/tell-failure';
import { RecoveryCodes } from './recovery-codes';

const GenerateRecoveryCodes = graphql(`
  mutation GenerateRecoveryCodes {
    generateRecoveryCodes {
      recoveryCodes
    }
  }
`);

export function NewRecoveryCodes() {
  const { t } = useTranslation();
  const confirm = useConfirm();
  const tellFailure = useTellFailure();
  const client = useClient();
  const [codes, setCodes] = useState<readonly string[]>([]);
  const [open, setOpen] = useState(false);
  const opener = useRef<HTMLButtonElement>(null);

  async function generate() {
    // Not by the hook, which would keep the codes as long as the page is there.
    const { data, error } = await client.mutation(GenerateRecoveryCodes, {});
    if (error) tellFailure(error);
    if (!data) return;
    setCodes(data.generateRecoveryCodes.recoveryCodes);
    setOpen(true);
  }

  return (
    <>
      <Button
        ref={opener}
        size="small"
        onClick={() =>
          confirm({
            title: t('recoveryCodes.renewQuestion'),
            content: t('recoveryCodes.renewText'),
            okText: t('recoveryCodes.renew'),
            onOk: generate,
          })
        }
      >
        {t('recoveryCodes.renew')}
      </Button>
      <Dialog title={t('recoveryCodes.title')} open={open} opener={opener} afterClose={() => setCodes([])}>
        <RecoveryCodes codes={codes} onStored={() => setOpen(false)} />
      </Dialog>
    </>
  );
}
