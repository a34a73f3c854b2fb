import { useParams } from 'react-router';
import { ApiKeysCard } from '../api-keys/api-keys-card';

export function UserApiKeys() {
  const { id = '' } = useParams();
  return <ApiKeysCard userId={id} />;
}
