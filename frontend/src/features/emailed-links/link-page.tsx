import { DisconnectOutlined } from '@ant-design/icons';
import { Skeleton } from 'antd';
import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useQuery } from 'urql';
import { useFragmentSecret } from '../../fragment-secret';
import { readApiError } from '../../graphql/api-error';
import { type EmailedLinkPurpose, graphql, type ResultOf } from '../../graphql/schema';
import { ErrorState } from '../../ui/states';
import { AuthLayout } from '../auth/auth-layout';

const EmailedLinkQuery = graphql(`
  query EmailedLink($token: String!) {
    emailedLink(token: $token) {
      purpose
      email
      expiresAt
    }
  }
`);

/** A link that is still good: what its mail was about, and how it is used. */
export type GoodLink = ResultOf<typeof EmailedLinkQuery>['emailedLink'] & {
  token: string;
  /** The server has refused it after all. */
  onInvalid: () => void;
};

interface LinkPageProps {
  purpose: EmailedLinkPurpose;
  title: string;
  /** The ways to another link, for whoever comes with one that is no longer good. */
  otherwise: ReactNode;
  children: (link: GoodLink) => ReactNode;
}

/**
 * A page that the link of a mail leads to. Mail scanners open links too: to look at one uses nothing up, and what it is
 * for takes a button.
 */
export function LinkPage(props: LinkPageProps) {
  const token = useFragmentSecret('token');
  return token === undefined ? <InvalidLink {...props} /> : <Looked key={token} token={token} {...props} />;
}

function Looked({ token, ...props }: LinkPageProps & { token: string }) {
  const [refused, setRefused] = useState(false);
  const [{ data, error, fetching }, refetch] = useQuery({
    query: EmailedLinkQuery,
    variables: { token },
    requestPolicy: 'network-only',
  });
  const link = data?.emailedLink;
  const invalid = error && !fetching && readApiError(error).code === 'INVALID_TOKEN';
  if (refused || invalid || (link && link.purpose !== props.purpose)) return <InvalidLink {...props} />;
  if (link) return props.children({ ...link, token, onInvalid: () => setRefused(true) });
  return (
    <AuthLayout title={props.title}>
      {error && !fetching ? (
        <ErrorState error={error} onRetry={() => refetch({ requestPolicy: 'network-only' })} />
      ) : (
        <Skeleton active title={false} paragraph={{ rows: 3 }} />
      )}
    </AuthLayout>
  );
}

function InvalidLink({ purpose, otherwise }: LinkPageProps) {
  const { t } = useTranslation();
  return (
    <AuthLayout
      sign={<DisconnectOutlined />}
      title={t('emailedLinks.invalid.title')}
      description={t(`emailedLinks.invalid.${purpose}`)}
    >
      {otherwise}
    </AuthLayout>
  );
}
