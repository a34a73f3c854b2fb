import { Tag } from 'antd';
import { useTranslation } from 'react-i18next';
import type { ApiKeyScope, ApiKeyState } from '../../graphql/schema';

const stateColors: Record<ApiKeyState, string> = {
  ACTIVE: 'success',
  EXPIRED: 'warning',
  REVOKED: 'default',
};

export function ApiKeyStateTag({ state }: { state: ApiKeyState }) {
  const { t } = useTranslation();
  return <Tag color={stateColors[state]}>{t(`apiKeys.state.${state}`)}</Tag>;
}

/** What a key is good for, in one line. */
export function Scopes({ scopes }: { scopes: readonly ApiKeyScope[] }) {
  const { t } = useTranslation();
  return scopes.map((scope) => t(`apiKeys.scope.${scope}.name`)).join(t('apiKeys.scopeSeparator'));
}
