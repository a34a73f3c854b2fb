import type { OrderDirection, Role, UserOrderField, UserStatus } from '../../graphql/schema';

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

const pageSize = 20;

/** The longest search that the server takes. */
export const maxSearchLength = 100;

/** What the list of users shows, as the address of the page says it. */
export interface UsersSearch {
  search: string;
  role: Role | undefined;
  status: UserStatus | undefined;
  order: Order;
  after: string | undefined;
  before: string | undefined;
}

/** Values that the address cannot have from this console are as good as absent. */
export function readUsersSearch(params: URLSearchParams): UsersSearch {
  return {
    search: (params.get('q') ?? '').slice(0, maxSearchLength),
    role: roles.find((role) => role === params.get('role')),
    status: statuses.find((status) => status === params.get('status')),
    order: orders.find((order) => order === params.get('order')) ?? orders[0],
    after: params.get('after') ?? undefined,
    before: params.get('before') ?? undefined,
  };
}

export function writeUsersSearch({
  search,
  role,
  status,
  order,
  after,
  before,
}: UsersSearch): URLSearchParams {
  const entries = { q: search, role, status, order: order === orders[0] ? undefined : order, after, before };
  return new URLSearchParams(
    Object.entries(entries).filter((entry): entry is [string, string] => Boolean(entry[1])),
  );
}

export function usersVariables({ search, role, status, order, after, before }: UsersSearch) {
  const [field, direction] = order.split('-') as [UserOrderField, OrderDirection];
  return {
    ...(before === undefined ? { first: pageSize, after } : { last: pageSize, before }),
    filter: { search: search || undefined, role, status },
    orderBy: { field, direction },
  };
}
