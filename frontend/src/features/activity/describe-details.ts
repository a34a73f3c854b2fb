import type { TFunction } from 'i18next';
import type { AuditEventKind } from '../../graphql/schema';

interface Event {
  kind: AuditEventKind;
  /** An object, whose fields go with the kind: the server's `AuditEventKind` names them. */
  details: unknown;
}

/** What people call a provider, by its id. */
export type LabelOf = (provider: string) => string;

/**
 * What there is to tell of an event beside its kind, in short phrases. Details that are missing or new to this console
 * are left out: the kind says enough.
 */
export function describeDetails(
  { kind, details }: Event,
  t: TFunction,
  labelOf: LabelOf = (provider) => provider,
): string[] {
  const text = (name: string) => textIn(details, name);
  const provider = text('provider') && labelOf(text('provider') as string);
  const one = (phrase: string | undefined) => (phrase ? [phrase] : []);
  switch (kind) {
    case 'ACCOUNT_CREATED':
      return one(word(text('method'), 'createdBy', t));
    case 'SIGNED_IN':
      return [...one(method(details, provider, t)), ...one(word(text('secondFactor'), 'factor', t))];
    case 'REAUTHENTICATED':
    case 'REAUTHENTICATION_FAILED':
    case 'SECOND_FACTOR_FAILED':
      return one(method(details, provider, t));
    case 'SIGN_IN_FAILED':
    case 'ACCOUNT_LINK_FAILED':
      return [...one(word(text('reason'), 'reason', t)), ...one(provider)];
    case 'SESSION_ENDED':
      return [...one(count(details, 'sessions', t)), ...one(endReason(text('reason'), t))];
    case 'EMAIL_VERIFIED':
    case 'EMAIL_CHANGE_REQUESTED':
    case 'INVITATION_WITHDRAWN':
      return one(text('email'));
    case 'INVITATION_SENT':
    case 'INVITATION_ACCEPTED':
      return [...one(text('email')), ...one(role(text('role'), t))];
    case 'EMAIL_CHANGED':
    case 'PASSKEY_RENAMED':
      return one(change(text('before'), text('after'), t));
    case 'ROLE_CHANGED':
      return [...one(change(role(text('before'), t), role(text('after'), t), t)), ...one(provider)];
    case 'PROFILE_CHANGED':
      return profileChanges(details, t);
    case 'ACCOUNT_LINKED':
    case 'ACCOUNT_UNLINKED':
      return one(provider);
    case 'PASSKEY_ADDED':
    case 'PASSKEY_REMOVED':
      return one(text('name'));
    case 'RECOVERY_CODE_USED':
      return one(count(details, 'codesLeft', t, 'left'));
    case 'DEVICE_FORGOTTEN':
      return one(count(details, 'devices', t));
    case 'API_KEY_CREATED':
    case 'API_KEY_REVOKED':
      return [...one(text('name')), ...one(text('prefix') && `${text('prefix')}…`)];
    case 'DELETION_SCHEDULED':
      return one(moment(text('at'), t));
    case 'BLOCK_CLEARED':
      return [...one(word(text('kind'), 'block', t)), ...one(text('subject'))];
    default:
      return [];
  }
}

function fieldIn(details: unknown, name: string): unknown {
  return typeof details === 'object' && details !== null
    ? (details as Record<string, unknown>)[name]
    : undefined;
}

function textIn(details: unknown, name: string): string | undefined {
  const value = fieldIn(details, name);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

type Words = 'createdBy' | 'factor' | 'method' | 'reason' | 'block';

/** What a value of the server is called here; nothing for one that is new to this console. */
function word(value: string | undefined, words: Words, t: TFunction): string {
  return value ? t(`activity.${words}.${value}` as 'activity.method.PASSWORD', { defaultValue: '' }) : '';
}

/** The provider itself says more than that it was one. */
function method(details: unknown, provider: string | undefined, t: TFunction): string {
  return provider ? t('activity.through', { provider }) : word(textIn(details, 'method'), 'method', t);
}

const role = (value: string | undefined, t: TFunction): string =>
  value ? t(`users.role.${value}` as 'users.role.USER', { defaultValue: value }) : '';

const endReason = (value: string | undefined, t: TFunction): string =>
  value ? t(`sessions.endReason.${value}` as 'sessions.endReason.EXPIRED', { defaultValue: '' }) : '';

function change(before: string | undefined, after: string | undefined, t: TFunction): string {
  return before && after ? t('activity.change', { before, after }) : (after ?? '');
}

type Counted = 'sessions' | 'codesLeft' | 'devices';

function count(details: unknown, what: Counted, t: TFunction, name = 'count'): string {
  const value = fieldIn(details, name);
  return typeof value === 'number' ? t(`activity.count.${what}`, { count: value }) : '';
}

function profileChanges(details: unknown, t: TFunction): string[] {
  const [before, after] = [fieldIn(details, 'before'), fieldIn(details, 'after')];
  const language = (locale: string | undefined) =>
    locale && t(`fields.mailLocale.${locale}` as 'fields.mailLocale.EN', { defaultValue: locale });
  const names = [textIn(before, 'name'), textIn(after, 'name')];
  const languages = [language(textIn(before, 'locale')), language(textIn(after, 'locale'))];
  return [names, languages]
    .filter(([from, to]) => from !== to)
    .map(([from, to]) => change(from, to, t))
    .filter(Boolean);
}

function moment(value: string | undefined, t: TFunction): string {
  if (!value || Number.isNaN(Date.parse(value))) return '';
  return t('activity.at', { time: new Date(value) });
}
