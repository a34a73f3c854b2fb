import { LaptopOutlined, MobileOutlined, SafetyOutlined } from '@ant-design/icons';
import { Tag } from 'antd';
import { useTranslation } from 'react-i18next';
import { Card } from '../../ui/card';
import { formatDate, RelativeTime } from '../../ui/relative-time';
import { Row } from '../../ui/row';
import { DisableTotp } from './disable-totp';
import { ForgetDevices } from './forget-devices';
import { NewRecoveryCodes } from './new-recovery-codes';
import { hasSecondFactor, type SecondFactors } from './second-factor-fields';
import { TotpSetup } from './totp-setup';

/** Few enough that somebody should make new ones. */
const few = 3;

export function TwoStepCard({ factors }: { factors: SecondFactors }) {
  const { t } = useTranslation();
  const { totp, recoveryCodesLeft, rememberedDevices, required } = factors;
  const on = hasSecondFactor(factors);
  return (
    <Card
      flush
      title={t('twoStep.title')}
      extra={
        <>
          {required && <Tag color="processing">{t('twoStep.required')}</Tag>}
          <Tag color={on ? 'success' : 'default'}>{t(on ? 'twoStep.on' : 'twoStep.off')}</Tag>
        </>
      }
    >
      <ul>
        <Row
          icon={<MobileOutlined />}
          tone={totp ? 'success' : undefined}
          title={t('totp.title')}
          actions={
            // One and the same before and after: its dialog shows the codes that come with the first factor.
            <>
              <TotpSetup label={t(totp ? 'totp.replace' : 'totp.setUp')} />
              {totp && <DisableTotp />}
            </>
          }
        >
          {totp ? (
            <>
              <span>{t('totp.since', { date: formatDate(totp.enabledAt) })}</span>
              <span>
                {totp.lastUsedAt ? (
                  <>
                    {t('fields.lastUsedAt')} <RelativeTime value={totp.lastUsedAt} />
                  </>
                ) : (
                  t('fields.neverUsed')
                )}
              </span>
            </>
          ) : (
            <span>{t('totp.what')}</span>
          )}
        </Row>
        {on && (
          <Row
            icon={<SafetyOutlined />}
            tone={recoveryCodesLeft < few ? 'warning' : undefined}
            title={t('recoveryCodes.title')}
            actions={<NewRecoveryCodes />}
          >
            <span>{t('recoveryCodes.left', { count: recoveryCodesLeft })}</span>
            {recoveryCodesLeft < few && <span>{t('recoveryCodes.few')}</span>}
          </Row>
        )}
        {on && (
          <Row
            icon={<LaptopOutlined />}
            title={t('rememberedDevices.title')}
            actions={rememberedDevices > 0 && <ForgetDevices />}
          >
            <span>{t('rememberedDevices.count', { count: rememberedDevices })}</span>
          </Row>
        )}
      </ul>
    </Card>
  );
}
