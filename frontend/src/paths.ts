export const paths = {
  home: '/',
  signIn: '/sign-in',
  secondFactor: '/sign-in/second-factor',
  signInFailed: '/sign-in/failed',
  signUp: '/sign-up',
  forgotPassword: '/forgot-password',
  // Where the links of mails lead: `address_of` in src/mail/service.rs.
  verifyEmail: '/verify-email',
  resetPassword: '/reset-password',
  confirmEmail: '/confirm-email',
  invitation: '/invitation',
  notMe: '/not-me',
  developmentMails: '/dev/mails',
  secondFactorRequired: '/second-factor-required',
  security: '/security',
  ownApiKeys: '/security/api-keys',
  activity: '/security/activity',
  myData: '/security/data',
  profile: '/profile',
  sessions: '/sessions',
  users: '/admin/users',
  user: (id: string) => `/admin/users/${encodeURIComponent(id)}`,
  userApiKeys: (id: string) => `${paths.user(id)}/api-keys`,
  userActivity: (id: string) => `${paths.user(id)}/activity`,
  invitations: '/admin/invitations',
  apiKeys: '/admin/api-keys',
  mails: '/admin/mails',
  blocks: '/admin/blocks',
  /** Not a route of the console: the server's own GraphiQL page. */
  apiDocs: '/api-docs',
};

const anyOrigin = 'http://console.invalid';

/** The way back in `?next=`, as far as it stays inside the console: an address elsewhere would make sign-in a trap. */
export function safeNext(next: string | null): string {
  if (!next?.startsWith('/') || !URL.canParse(next, anyOrigin)) return paths.home;
  const { origin, pathname, search, hash } = new URL(next, anyOrigin);
  // A path of `/.//host` resolves to `//host`, which a browser takes for another site.
  if (origin !== anyOrigin || pathname.startsWith('//')) return paths.home;
  return pathname + search + hash;
}

/** `path` (sign-in or sign-up) with the way back to `next`. */
export function withNext(path: string, next: string): string {
  return next === paths.home ? path : `${path}?${new URLSearchParams({ next })}`;
}
