import { useMutation } from 'urql';
import { type ApiError, readApiError } from '../../graphql/api-error';
import { graphql, type VariablesOf } from '../../graphql/schema';

const Reauthenticate = graphql(`
  mutation Reauthenticate($input: ReauthenticateInput!) {
    reauthenticate(input: $input) {
      validUntil
    }
  }
`);

type Proof = VariablesOf<typeof Reauthenticate>['input'];

/** Shows the server a proof; answers why it is not good. */
export function useReauthenticate() {
  const [{ fetching }, reauthenticate] = useMutation(Reauthenticate);
  async function show(proof: Proof): Promise<ApiError | undefined> {
    const { error } = await reauthenticate({ input: proof });
    return error && readApiError(error);
  }
  return { fetching, show };
}
