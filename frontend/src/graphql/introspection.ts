import { useQuery } from 'urql';
import { graphql } from './schema';

const IntrospectionAllowed = graphql(`
  query IntrospectionAllowed {
    introspectionAllowed
  }
`);

/** Whether GraphiQL is of use to whoever asks; undefined until the server has said so. */
export function useIntrospectionAllowed(): boolean | undefined {
  const [{ data }] = useQuery({ query: IntrospectionAllowed });
  return data?.introspectionAllowed;
}
