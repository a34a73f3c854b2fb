import { Button, QRCode } from 'antd';
import { useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useClient, useMutation } from 'urql';
import { type ApiError, readApiError } from '../../graphql/api-error';
import { graphql, type ResultOf } from '../../graphql/schema';
import { Code } from '../../ui/code';
import { CopyButton } from '../../ui/copy-button';
import { Dialog, useDialogLock } from '../../ui/dialog';
import { FormFailure } from '../../ui/form-failure';
import { useTellFailure } from '../../ui/tell-failure';
import { CodeForm } from '../auth/code-form';
import { grouped } from './grouped';
import { RecoveryCodes } from './recovery-codes';
import { FactorOwnerFields } from './second-factor-fields';
import styles from './totp-setup.module.css';

const StartTotpEnrollment = graphql(`
  mutation StartTotpEnrollment {
    startTotpEnrollment {
      challenge
      secret
      otpauthUri
    }
  }
`);

const ConfirmTotpEnrollment = graphql(
  `
    mutation ConfirmTotpEnrollment($input: ConfirmTotpEnrollmentInput!) {
      confirmTotpEnrollment(input: $input) {
        recoveryCodes
        user {
          ...FactorOwnerFields
        }
      }
    }
  `,
  [FactorOwnerFields],
);

type Enrollment = ResultOf<typeof StartTotpEnrollment>['startTotpEnrollment'];

interface TotpSetupProps {
  label: string;
  primary?: boolean;
  /** The app is set up, and its recovery codes are stored. */
  onDone?: () => void;
}

/** Sets up an authenticator app. The dialog opens once the server has agreed: it may ask first who is there. */
export function TotpSetup({ label, primary, onDone }: TotpSetupProps) {
  const { t } = useTranslation();
  const tellFailure = useTellFailure();
  const client = useClient();
  const [busy, setBusy] = useState(false);
  const [enrollment, setEnrollment] = useState<Enrollment>();
  const [open, setOpen] = useState(false);
  const opener = useRef<HTMLButtonElement>(null);
  const [codes, setCodes] = useState<readonly string[] | null>();

  async function begin() {
    setBusy(true);
    // Not by the hook, which would keep the secret as long as the page is there.
    const { data, error } = await client.mutation(StartTotpEnrollment, {});
    setBusy(false);
    if (error) tellFailure(error);
    if (!data) return;
    setEnrollment(data.startTotpEnrollment);
    setOpen(true);
  }

  function enrolled(recoveryCodes: readonly string[] | null) {
    setCodes(recoveryCodes);
    // Codes are shown this once, whatever has become of the dialog meanwhile.
    setOpen(recoveryCodes !== null);
  }

  function closed() {
    if (codes !== undefined) onDone?.();
    setCodes(undefined);
    setEnrollment(undefined);
  }

  return (
    <>
      <Button
        ref={opener}
        type={primary ? 'primary' : 'default'}
        size={primary ? undefined : 'small'}
        loading={busy}
        onClick={begin}
      >
        {label}
      </Button>
      <Dialog
        title={t(codes ? 'recoveryCodes.title' : 'totp.setUpTitle')}
        open={open}
        opener={opener}
        onClose={codes ? undefined : () => setOpen(false)}
        afterClose={closed}
      >
        {codes ? (
          <RecoveryCodes codes={codes} onStored={() => setOpen(false)} />
        ) : (
          enrollment && <Confirmation enrollment={enrollment} onEnrolled={enrolled} />
        )}
      </Dialog>
    </>
  );
}

interface ConfirmationProps {
  enrollment: Enrollment;
  onEnrolled: (recoveryCodes: readonly string[] | null) => void;
}

function Confirmation({ enrollment, onEnrolled }: ConfirmationProps) {
  const { t } = useTranslation();
  const { challenge, secret, otpauthUri } = enrollment;
  const [{ fetching }, confirm] = useMutation(ConfirmTotpEnrollment);
  useDialogLock(fetching);
  const [failure, setFailure] = useState<ApiError>();

  async function submit(code: string): Promise<boolean> {
    setFailure(undefined);
    const { data, error } = await confirm({ input: { challenge, code } });
    if (data) onEnrolled(data.confirmTotpEnrollment.recoveryCodes);
    if (!error) return false;
    const apiError = readApiError(error);
    const wrong = apiError.code === 'INVALID_CODE';
    if (!wrong) setFailure(apiError);
    return wrong;
  }

  return (
    <>
      <ol className={styles.steps}>
        <li>
          {t('totp.scan')}
          <div className={styles.qr}>
            <QRCode
              type="svg"
              value={otpauthUri}
              size={176}
              color="#000"
              bgColor="#fff"
              bordered={false}
              role="img"
              aria-label={t('totp.qrCode')}
            />
          </div>
          <div className={styles.typed}>
            <span>{t('totp.orType')}</span>
            <Code>{grouped(secret)}</Code>
            <CopyButton text={secret} label={t('totp.copySecret')} small />
          </div>
        </li>
        <li>{t('totp.enter')}</li>
      </ol>
      <FormFailure error={failure} />
      <CodeForm
        label={t('secondFactor.totpCode')}
        action={t('totp.turnOn')}
        disabled={false}
        onCode={submit}
      />
    </>
  );
}
