import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { ApiError } from '../../graphql/api-error';
import { FormFailure } from '../../ui/form-failure';
import { CodeForm } from '../auth/code-form';
import { useReauthenticate } from './reauthenticate';

export function TotpProof({ onDone }: { onDone: () => void }) {
  const { t } = useTranslation();
  const { show } = useReauthenticate();
  const [failure, setFailure] = useState<ApiError>();

  async function submit(totpCode: string): Promise<boolean> {
    setFailure(undefined);
    const error = await show({ totpCode });
    if (!error) onDone();
    else if (error.code !== 'INVALID_CODE') setFailure(error);
    return error?.code === 'INVALID_CODE';
  }

  return (
    <>
      <FormFailure error={failure} />
      <CodeForm
        label={t('secondFactor.totpCode')}
        action={t('actions.confirm')}
        disabled={false}
        onCode={submit}
      />
    </>
  );
}
