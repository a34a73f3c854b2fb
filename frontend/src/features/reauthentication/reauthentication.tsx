import { useLayoutEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { Outlet } from 'react-router';
import { useApi, useReauthenticationAsked } from '../../graphql/api-provider';
import { Dialog } from '../../ui/dialog';
import { Proofs } from './proofs';

/** Around the signed-in pages: asks in place who is there when a change wants to know (`graphql/reauthentication.ts`). */
export function WithReauthentication() {
  const { t } = useTranslation();
  const { reauthentication } = useApi();
  const asked = useReauthenticationAsked();
  const opener = useRef<HTMLElement>(null);
  useLayoutEffect(() => {
    if (asked && document.activeElement instanceof HTMLElement) opener.current = document.activeElement;
  }, [asked]);
  return (
    <>
      <Outlet />
      <Dialog
        onTop
        title={t('reauthentication.title')}
        open={asked}
        opener={opener}
        onClose={() => reauthentication.answer(false)}
      >
        <Proofs onDone={() => reauthentication.answer(true)} />
      </Dialog>
    </>
  );
}
