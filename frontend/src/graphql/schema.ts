import { initGraphQLTada } from 'gql.tada';
import type { introspection } from './generated/schema';

/** Types every operation written with it from the server's `schema.graphql`. */
export const graphql = initGraphQLTada<{
  introspection: introspection;
  scalars: { DateTime: string };
}>();

export type { FragmentOf, ResultOf, VariablesOf } from 'gql.tada';
export { readFragment } from 'gql.tada';

type Enum<Name extends keyof introspection['types']> = introspection['types'][Name] extends {
  enumValues: infer Value;
}
  ? Value
  : never;

export type ErrorCode = Enum<'ErrorCode'>;
export type Role = Enum<'Role'>;
export type UserStatus = Enum<'UserStatus'>;
export type UserOrderField = Enum<'UserOrderField'>;
export type OrderDirection = Enum<'OrderDirection'>;
export type SessionState = Enum<'SessionState'>;
export type DeviceKind = Enum<'DeviceKind'>;
export type SecondFactorMethod = Enum<'SecondFactorMethod'>;
export type AuthProviderKind = Enum<'AuthProviderKind'>;
export type EmailedLinkPurpose = Enum<'EmailedLinkPurpose'>;
export type MailLocale = Enum<'Locale'>;
export type ReauthenticationMethod = Enum<'ReauthenticationMethod'>;
export type ApiKeyScope = Enum<'ApiKeyScope'>;
export type ApiKeyState = Enum<'ApiKeyState'>;
export type AuditActor = Enum<'AuditActor'>;
export type AuditEventKind = Enum<'AuditEventKind'>;
export type DataExportState = Enum<'DataExportState'>;
export type InvitationState = Enum<'InvitationState'>;
export type MailState = Enum<'MailState'>;
