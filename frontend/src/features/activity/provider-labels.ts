import { useQuery } from 'urql';
import { graphql } from '../../graphql/schema';
import type { LabelOf } from './describe-details';

const ProviderLabels = graphql(`
  query ProviderLabels {
    authProviders {
      id
      label
    }
  }
`);

/** Names providers by their labels; by their ids those that are no longer configured. */
export function useProviderLabels(): LabelOf {
  const [{ data }] = useQuery({ query: ProviderLabels });
  return (provider) => data?.authProviders.find(({ id }) => id === provider)?.label ?? provider;
}
