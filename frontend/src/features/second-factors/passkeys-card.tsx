import { KeyOutlined } from '@ant-design/icons';
import { useTranslation } from 'react-i18next';
import { Card } from '../../ui/card';
import { RelativeTime } from '../../ui/relative-time';
import { Row } from '../../ui/row';
import { State } from '../../ui/states';
import { canUsePasskeys } from '../../webauthn';
import { PasskeySetup } from './passkey-setup';
import { RemovePasskey } from './remove-passkey';
import { RenamePasskey } from './rename-passkey';
import type { Passkey } from './second-factor-fields';

export function PasskeysCard({ passkeys }: { passkeys: readonly Passkey[] }) {
  const { t } = useTranslation();
  return (
    <Card flush title={t('passkeys.title')} extra={<PasskeySetup />}>
      {passkeys.length === 0 ? (
        <State
          sign={<KeyOutlined />}
          title={t('passkeys.none')}
          text={t(canUsePasskeys() ? 'passkeys.noneText' : 'passkeys.unusable')}
        />
      ) : (
        <ul>
          {passkeys.map((passkey) => (
            <PasskeyRow key={passkey.id} passkey={passkey} />
          ))}
        </ul>
      )}
    </Card>
  );
}

function PasskeyRow({ passkey }: { passkey: Passkey }) {
  const { t } = useTranslation();
  const { name, createdAt, lastUsedAt } = passkey;
  return (
    <Row
      icon={<KeyOutlined />}
      title={name}
      actions={
        <>
          <RenamePasskey passkey={passkey} />
          <RemovePasskey passkey={passkey} />
        </>
      }
    >
      <span>
        {t('passkeys.added')} <RelativeTime value={createdAt} />
      </span>
      <span>
        {lastUsedAt ? (
          <>
            {t('fields.lastUsedAt')} <RelativeTime value={lastUsedAt} />
          </>
        ) : (
          t('fields.neverUsed')
        )}
      </span>
    </Row>
  );
}
