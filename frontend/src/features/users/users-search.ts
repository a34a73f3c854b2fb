import type { OrderDirection, Role, UserOrderField, UserStatus } from '../../graphql/schema';
import { type Cursor, pageVariables, readCursor, writeSearch } from '../../ui/listing/list-search';

export const roles = ['USER', 'ADMIN'] as const satisfies Role[];
export const statuses = ['ACTIVE', 'SUSPENDED', 'DEACTIVATED'] as const satisfies UserStatus[];
/** The orders on offer; the first is the one without a choice. */
export const orders = [
  'CREATED_AT-DESC',
  'CREATED_AT-ASC',
  'LAST_SIGN_IN_AT-DESC',
  'EMAIL-ASC',
  'EMAIL-DESC',
] as const;
type Order = (typeof orders)[number];

/** The longest search that the server takes. */
export const maxSearchLength = 100;

/** What the list of users shows, as the address of the page says it. */
export interface UsersSearch extends Cursor {
  search: string;
  role: Role | undefined;
  status: UserStatus | undefined;
  order: Order;
}

/** Values that the address cannot have from this console are as good as absent. */
export function readUsersSearch(params: URLSearchParams): UsersSearch {
  return {
    search: (params.get('q') ?? '').slice(0, maxSearchLength),
    role: roles.find((role) => role === params.get('role')),
    status: statuses.find((status) => status === params.get('status')),
    order: orders.find((order) => order === params.get('order')) ?? orders[0],
    ...readCursor(params),
  };
}

export function writeUsersSearch({ search, order, ...others }: UsersSearch): URLSearchParams {
  return writeSearch({ q: search, ...others, order: order === orders[0] ? undefined : order });
}

export function usersVariables({ search, role, status, order, ...cursor }: UsersSearch) {
  const [field, direction] = order.split('-') as [UserOrderField, OrderDirection];
  return {
    ...pageVariables(cursor),
    filter: { search: search || undefined, role, status },
    orderBy: { field, direction },
  };
}
