import { Button, Checkbox, Skeleton } from 'antd';
import { useEffect, useEffectEvent, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, Navigate, useLocation, useNavigate } from 'react-router';
import { useMutation, useQuery } from 'urql';
import { useFragmentSecret } from '../../fragment-secret';
import { type ApiError, readApiError } from '../../graphql/api-error';
import { session, useTokenState } from '../../graphql/browser-session';
import { GrantFields } from '../../graphql/grant';
import { graphql, type SecondFactorMethod, type VariablesOf } from '../../graphql/schema';
import { paths, withNext } from '../../paths';
import { formatSeconds, useSecondsLeft } from '../../ui/countdown';
import { ErrorState } from '../../ui/states';
import { ChallengeFields } from './access';
import type { Arrival } from './arrival';
import { AuthLayout } from './auth-layout';
import styles from './auth-layout.module.css';
import { CodeForm } from './code-form';
import { FailureNotice, useFailure } from './failure-notice';
import { GoOn } from './guards';
import { PasskeyFactor } from './passkey-factor';
import { RecoveryCodeForm } from './recovery-code-form';
import { readSecondStep, type SecondStep, secondStepOf } from './second-step';
import { useNext } from './use-next';

const SecondFactorChallenge = graphql(
  `
    query SecondFactorChallenge($challenge: String!) {
      secondFactorChallenge(challenge: $challenge) {
        ...ChallengeFields
      }
    }
  `,
  [ChallengeFields],
);

const CompleteSignIn = graphql(
  `
    mutation CompleteSignIn($input: CompleteSignInInput!) {
      completeSignIn(input: $input) {
        ...GrantFields
      }
    }
  `,
  [GrantFields],
);

/** One of the three that the server takes. */
export type Proof = Pick<
  VariablesOf<typeof CompleteSignIn>['input'],
  'totpCode' | 'passkey' | 'recoveryCode'
>;

/**
 * The second step of a sign-in. Its first one was made on the sign-in page, or at an identity provider: also by somebody
 * who is signed in, to show once more who it is.
 */
export function SecondFactorPage() {
  const { state } = useLocation();
  const next = useNext();
  const challenge = useFragmentSecret('challenge');
  const signedIn = useTokenState().status === 'signed-in';
  const step = useMemo(() => readSecondStep(state), [state]);
  if (step) return <Steps key={step.challenge} step={step} />;
  if (challenge !== undefined) return <ChallengeOfProvider challenge={challenge} />;
  return signedIn ? <GoOn to={next} /> : <StartAgain />;
}

function ChallengeOfProvider({ challenge }: { challenge: string }) {
  const { t } = useTranslation();
  const [{ data, error, fetching }, refetch] = useQuery({
    query: SecondFactorChallenge,
    variables: { challenge },
    requestPolicy: 'network-only',
  });
  const found = data?.secondFactorChallenge;
  const step = useMemo(() => found && secondStepOf(found), [found]);
  if (step) return <Steps step={step} />;
  if (error && !fetching && readApiError(error).code === 'INVALID_TOKEN') return <StartAgain />;
  return (
    <AuthLayout title={t('secondFactor.title')}>
      {error && !fetching ? (
        <ErrorState error={error} onRetry={() => refetch({ requestPolicy: 'network-only' })} />
      ) : (
        <Skeleton active title={false} paragraph={{ rows: 3 }} />
      )}
    </AuthLayout>
  );
}

const expired: Arrival = { notice: 'CHALLENGE_EXPIRED' };

/** Back to the first step, with a word why. */
function StartAgain() {
  return <Navigate to={withNext(paths.signIn, useNext())} replace state={expired} />;
}

function Steps({ step }: { step: SecondStep }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { pathname, search } = useLocation();
  const next = useNext();
  const failure = useFailure();
  const [method, setMethod] = useState<SecondFactorMethod>(step.methods[0] ?? 'TOTP');
  const [rememberDevice, setRememberDevice] = useState(false);
  const [, completeSignIn] = useMutation(CompleteSignIn);
  const secondsLeft = useSecondsLeft(step.deadline);

  const startAgain = () => navigate(withNext(paths.signIn, next), { replace: true, state: expired });
  const isOver = secondsLeft === 0;
  const giveUp = useEffectEvent(startAgain);
  useEffect(() => {
    if (isOver) giveUp();
  }, [isOver]);

  /** Answers whether what was shown is wrong. */
  async function complete(proof: Proof): Promise<boolean> {
    failure.fail(undefined);
    const input = { challenge: step.challenge, rememberDevice, ...proof };
    const { data, error } = await completeSignIn({ input });
    if (data) {
      session.signIn(data.completeSignIn);
      // Without its challenge, this page leads on.
      navigate(pathname + search, { replace: true, state: null });
    } else if (error) {
      const apiError = readApiError(error);
      if (apiError.code === 'INVALID_CODE') return true;
      refuse(apiError);
    }
    return false;
  }

  function refuse(error: ApiError) {
    // The challenge has run out or was guessed at too often, or the account has changed since the first step.
    if (error.code === 'INVALID_TOKEN' || error.code === 'INVALID_CREDENTIALS') startAgain();
    else failure.fail(error);
  }

  const waiting = failure.secondsLeft > 0;
  const remember = (
    <Checkbox
      className={styles.remember}
      checked={rememberDevice}
      onChange={({ target }) => setRememberDevice(target.checked)}
    >
      {t('secondFactor.remember')}
    </Checkbox>
  );

  return (
    <AuthLayout title={t('secondFactor.title')} description={t(`secondFactor.how.${method}`)}>
      <FailureNotice failure={failure} />
      {method === 'TOTP' && (
        <CodeForm
          label={t('secondFactor.totpCode')}
          action={t('secondFactor.confirm')}
          disabled={waiting}
          onCode={(totpCode) => complete({ totpCode })}
        >
          {remember}
        </CodeForm>
      )}
      {method === 'PASSKEY' && (
        <PasskeyFactor challenge={step.challenge} disabled={waiting} onRefused={refuse} onProof={complete}>
          {remember}
        </PasskeyFactor>
      )}
      {method === 'RECOVERY_CODE' && (
        <RecoveryCodeForm disabled={waiting} onCode={(recoveryCode) => complete({ recoveryCode })}>
          {remember}
        </RecoveryCodeForm>
      )}
      <Others methods={step.methods.filter((other) => other !== method)} onChoose={setMethod} />
      <p className={styles.switch}>
        <Link to={withNext(paths.signIn, next)} replace>
          {t('secondFactor.back')}
        </Link>
        {secondsLeft !== undefined && (
          <span className={styles.timeLeft}>
            {t('secondFactor.timeLeft', { time: formatSeconds(secondsLeft) })}
          </span>
        )}
      </p>
    </AuthLayout>
  );
}

interface OthersProps {
  methods: SecondFactorMethod[];
  onChoose: (method: SecondFactorMethod) => void;
}

function Others({ methods, onChoose }: OthersProps) {
  const { t } = useTranslation();
  if (methods.length === 0) return null;
  return (
    <ul className={styles.others} aria-label={t('secondFactor.others')}>
      {methods.map((method) => (
        <li key={method}>
          <Button type="link" className={styles.inline} onClick={() => onChoose(method)}>
            {t(`secondFactor.use.${method}`)}
          </Button>
        </li>
      ))}
    </ul>
  );
}
