import { useTranslation } from 'react-i18next';
import { Card } from '../../ui/card';
import { Fact, Facts } from '../../ui/facts';
import { formatDate } from '../../ui/relative-time';
import type { LinkedAccount } from '../linked-accounts/linked-account-fields';
import { ResetSecondFactors } from '../second-factors/reset-second-factors';
import { hasSecondFactor, type SecondFactors } from '../second-factors/second-factor-fields';

interface WaysInCardProps {
  userId: string;
  name: string;
  hasPassword: boolean;
  factors: SecondFactors;
  linkedAccounts: readonly LinkedAccount[];
}

/** How somebody gets into their account, for administrators. */
export function WaysInCard({ userId, name, hasPassword, factors, linkedAccounts }: WaysInCardProps) {
  const { t } = useTranslation();
  const { totp, passkeys, recoveryCodesLeft, rememberedDevices, required } = factors;
  return (
    <Card
      title={t('users.waysIn')}
      extra={hasSecondFactor(factors) && <ResetSecondFactors userId={userId} name={name} />}
    >
      <Facts>
        <Fact name={t('fields.password')}>{t(hasPassword ? 'users.yes' : 'users.no')}</Fact>
        <Fact name={t('users.factorRequired')}>{t(required ? 'users.yes' : 'users.no')}</Fact>
        <Fact name={t('totp.title')}>
          {totp ? t('totp.since', { date: formatDate(totp.enabledAt) }) : t('users.nothing')}
        </Fact>
        <Fact name={t('passkeys.title')}>
          {passkeys.length > 0 ? (
            <Lines lines={passkeys.map((passkey) => ({ id: passkey.id, text: passkey.name }))} />
          ) : (
            t('users.nothing')
          )}
        </Fact>
        {hasSecondFactor(factors) && (
          <>
            <Fact name={t('recoveryCodes.title')}>
              {t('recoveryCodes.left', { count: recoveryCodesLeft })}
            </Fact>
            <Fact name={t('rememberedDevices.title')}>{rememberedDevices}</Fact>
          </>
        )}
        <Fact name={t('linkedAccounts.title')}>
          {linkedAccounts.length > 0 ? (
            <Lines
              lines={linkedAccounts.map(({ id, label, email }) => ({
                id,
                text: email ? `${label}: ${email}` : label,
              }))}
            />
          ) : (
            t('users.nothing')
          )}
        </Fact>
      </Facts>
    </Card>
  );
}

function Lines({ lines }: { lines: { id: string; text: string }[] }) {
  return (
    <ul>
      {lines.map(({ id, text }) => (
        <li key={id}>{text}</li>
      ))}
    </ul>
  );
}
