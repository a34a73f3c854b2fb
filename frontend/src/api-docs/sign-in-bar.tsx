import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import {
  acceptSignIn,
  acceptSignOut,
  describeRefusal,
  type NotYet,
  SignIn,
  SignOut,
} from '../features/auth/access';
import type { ApiError } from '../graphql/api-error';
import { useTokenState, viewerOf } from '../graphql/browser-session';
import { useIntrospectionAllowed } from '../graphql/introspection';
import { paths, withNext } from '../paths';
import { describeError } from '../ui/error-message';
import { Logo } from '../ui/logo';
import styles from './api-docs.module.css';
import { client } from './transport';

/** Shows who the requests are made as, and lets that be changed. The console's session counts here too. */
export function SignInBar() {
  const { t } = useTranslation();
  const state = useTokenState();
  return (
    <header className={styles.bar}>
      <a href={paths.home} className={styles.brand}>
        <Logo size={24} />
        {t('product')}
      </a>
      <h1 className={styles.title}>{t('apiDocs.title')}</h1>
      {state.status === 'signed-in' && <SignedIn email={state.viewer.email} />}
      {state.status === 'signed-out' && <SignInForm />}
      {state.status === 'starting' && state.unreachable && <p role="alert">{t('states.unreachable')}</p>}
      {state.status !== 'starting' && <IntrospectionNotice key={viewerOf(state)?.id} />}
    </header>
  );
}

/** Explains the errors that GraphiQL shows to those who may not read the schema. */
function IntrospectionNotice() {
  const { t } = useTranslation();
  const allowed = useIntrospectionAllowed();
  return (
    <div role="status" className={styles.notice}>
      {allowed === false && t('apiDocs.introspectionRefused')}
    </div>
  );
}

function SignedIn({ email }: { email: string }) {
  const { t } = useTranslation();
  const [failure, setFailure] = useState<ApiError>();

  async function signOut() {
    setFailure(acceptSignOut(await client.mutation(SignOut, {})));
  }

  return (
    <div className={styles.form}>
      <span role="status">{failure ? describeError(failure, t) : t('apiDocs.signedInAs', { email })}</span>
      <button type="button" onClick={signOut}>
        {t('auth.signOut')}
      </button>
    </div>
  );
}

function SignInForm() {
  const { t } = useTranslation();
  const [notYet, setNotYet] = useState<NotYet>();

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    const input = { email: String(fields.get('email')), password: String(fields.get('password')) };
    setNotYet(acceptSignIn(await client.mutation(SignIn, { input })));
  }

  return (
    <form className={styles.form} onSubmit={submit}>
      <span role="status">
        {!notYet ? (
          t('apiDocs.anonymous')
        ) : 'error' in notYet ? (
          describeRefusal(notYet.error, t)
        ) : (
          <a href={withNext(paths.signIn, paths.apiDocs)}>{t('apiDocs.secondFactor')}</a>
        )}
      </span>
      <input
        name="email"
        inputMode="email"
        autoCapitalize="none"
        spellCheck={false}
        required
        autoComplete="username"
        aria-label={t('fields.email')}
        placeholder={t('fields.email')}
      />
      <input
        name="password"
        type="password"
        required
        autoComplete="current-password"
        aria-label={t('fields.password')}
        placeholder={t('fields.password')}
      />
      <button type="submit">{t('auth.signIn')}</button>
    </form>
  );
}
