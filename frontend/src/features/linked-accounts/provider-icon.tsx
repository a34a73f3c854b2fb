import { BankOutlined, GithubOutlined, GoogleOutlined } from '@ant-design/icons';
import type { ComponentType } from 'react';
import type { AuthProviderKind } from '../../graphql/schema';

const icons: Record<AuthProviderKind, ComponentType<{ 'aria-hidden': boolean }>> = {
  GOOGLE: GoogleOutlined,
  GITHUB: GithubOutlined,
  OIDC: BankOutlined,
};

/** A provider that is not configured any more looks like any company's. */
export function ProviderIcon({ kind = 'OIDC' }: { kind?: AuthProviderKind }) {
  const Icon = icons[kind];
  return <Icon aria-hidden />;
}
