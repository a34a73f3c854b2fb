import { createBrowserRouter, Navigate, type RouteObject } from 'react-router';
import { Everybody, RequireAdmin, RequireSession, SignedOutOnly } from './features/auth/guards';
import { paths } from './paths';
import { Failure } from './ui/failure';
import { RouteFailure } from './ui/full-screen';
import { ForbiddenPage, NotFoundPage } from './ui/missing-pages';

const security: RouteObject = {
  lazy: async () => ({ Component: (await import('./features/security/security-frame')).SecurityFrame }),
  children: [
    {
      path: paths.security,
      lazy: async () => ({ Component: (await import('./features/security/security-page')).SecurityPage }),
    },
    {
      path: paths.ownApiKeys,
      lazy: async () => ({
        Component: (await import('./features/api-keys/own-api-keys-page')).OwnApiKeysPage,
      }),
    },
    {
      path: paths.activity,
      lazy: async () => ({ Component: (await import('./features/activity/activity-page')).ActivityPage }),
    },
    {
      path: paths.myData,
      lazy: async () => ({ Component: (await import('./features/my-data/my-data-page')).MyDataPage }),
    },
  ],
};

const user: RouteObject = {
  path: `${paths.users}/:id`,
  lazy: async () => ({ Component: (await import('./features/users/user-page')).UserPage }),
  children: [
    {
      index: true,
      lazy: async () => ({ Component: (await import('./features/users/user-overview')).UserOverview }),
    },
    {
      path: 'api-keys',
      lazy: async () => ({ Component: (await import('./features/users/user-api-keys')).UserApiKeys }),
    },
    {
      path: 'activity',
      lazy: async () => ({ Component: (await import('./features/users/user-activity')).UserActivity }),
    },
  ],
};

/** What stands in the shell. */
const pages: RouteObject[] = [
  { path: paths.home, element: <Navigate to={paths.sessions} replace /> },
  {
    path: paths.sessions,
    lazy: async () => ({ Component: (await import('./features/sessions/sessions-page')).SessionsPage }),
  },
  {
    path: paths.profile,
    lazy: async () => ({ Component: (await import('./features/profile/profile-page')).ProfilePage }),
  },
  security,
  {
    element: <RequireAdmin otherwise={<ForbiddenPage />} />,
    children: [
      {
        path: paths.users,
        lazy: async () => ({ Component: (await import('./features/users/users-page')).UsersPage }),
      },
      user,
      {
        path: paths.invitations,
        lazy: async () => ({
          Component: (await import('./features/invitations/invitations-page')).InvitationsPage,
        }),
      },
      {
        path: paths.apiKeys,
        lazy: async () => ({ Component: (await import('./features/api-keys/api-keys-page')).ApiKeysPage }),
      },
      {
        path: paths.mails,
        lazy: async () => ({ Component: (await import('./features/mails/mails-page')).MailsPage }),
      },
      {
        path: paths.blocks,
        lazy: async () => ({ Component: (await import('./features/blocks/blocks-page')).BlocksPage }),
      },
    ],
  },
  { path: '*', element: <NotFoundPage /> },
];

export const router = createBrowserRouter([
  {
    errorElement: <RouteFailure />,
    HydrateFallback: () => null,
    children: [
      {
        element: <SignedOutOnly />,
        children: [
          {
            path: paths.signIn,
            lazy: async () => ({ Component: (await import('./features/auth/sign-in-page')).SignInPage }),
          },
          {
            path: paths.signUp,
            lazy: async () => ({ Component: (await import('./features/auth/sign-up-page')).SignUpPage }),
          },
        ],
      },
      {
        element: <Everybody />,
        children: [
          {
            path: paths.secondFactor,
            lazy: async () => ({
              Component: (await import('./features/auth/second-factor-page')).SecondFactorPage,
            }),
          },
          {
            path: paths.signInFailed,
            lazy: async () => ({
              Component: (await import('./features/auth/sign-in-failed-page')).SignInFailedPage,
            }),
          },
          {
            path: paths.forgotPassword,
            lazy: async () => ({
              Component: (await import('./features/auth/forgot-password-page')).ForgotPasswordPage,
            }),
          },
          {
            path: paths.verifyEmail,
            lazy: async () => ({
              Component: (await import('./features/emailed-links/verify-email-page')).VerifyEmailPage,
            }),
          },
          {
            path: paths.resetPassword,
            lazy: async () => ({
              Component: (await import('./features/emailed-links/reset-password-page')).ResetPasswordPage,
            }),
          },
          {
            path: paths.confirmEmail,
            lazy: async () => ({
              Component: (await import('./features/emailed-links/confirm-email-page')).ConfirmEmailPage,
            }),
          },
          {
            path: paths.invitation,
            lazy: async () => ({
              Component: (await import('./features/emailed-links/invitation-page')).InvitationPage,
            }),
          },
          {
            path: paths.notMe,
            lazy: async () => ({
              Component: (await import('./features/emailed-links/not-me-page')).NotMePage,
            }),
          },
          {
            path: paths.developmentMails,
            lazy: async () => ({
              Component: (await import('./features/development-mails/development-mails-page'))
                .DevelopmentMailsPage,
            }),
          },
        ],
      },
      {
        element: <RequireSession />,
        children: [
          {
            lazy: async () => ({
              Component: (await import('./features/reauthentication/reauthentication')).WithReauthentication,
            }),
            children: [
              {
                path: paths.secondFactorRequired,
                lazy: async () => ({
                  Component: (await import('./features/second-factors/second-factor-required-page'))
                    .SecondFactorRequiredPage,
                }),
              },
              {
                lazy: async () => ({ Component: (await import('./ui/shell/shell')).Shell }),
                // Inside the frame, so that the way to other pages stays open.
                children: [{ errorElement: <Failure />, children: pages }],
              },
            ],
          },
        ],
      },
    ],
  },
]);
