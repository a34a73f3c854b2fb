import { createBrowserRouter, Navigate } from 'react-router';
import { Everybody, RequireAdmin, RequireSession, SignedOutOnly } from './features/auth/guards';
import { paths } from './paths';
import { Failure } from './ui/failure';
import { RouteFailure } from './ui/full-screen';
import { ForbiddenPage, NotFoundPage } from './ui/missing-pages';

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
            path: paths.secondFactorRequired,
            lazy: async () => ({
              Component: (await import('./features/auth/second-factor-required-page'))
                .SecondFactorRequiredPage,
            }),
          },
          {
            lazy: async () => ({ Component: (await import('./ui/shell/shell')).Shell }),
            children: [
              {
                // Inside the frame, so that the way to other pages stays open.
                errorElement: <Failure />,
                children: [
                  { path: paths.home, element: <Navigate to={paths.sessions} replace /> },
                  {
                    path: paths.sessions,
                    lazy: async () => ({
                      Component: (await import('./features/sessions/sessions-page')).SessionsPage,
                    }),
                  },
                  {
                    path: paths.profile,
                    lazy: async () => ({
                      Component: (await import('./features/profile/profile-page')).ProfilePage,
                    }),
                  },
                  {
                    element: <RequireAdmin otherwise={<ForbiddenPage />} />,
                    children: [
                      {
                        path: paths.users,
                        lazy: async () => ({
                          Component: (await import('./features/users/users-page')).UsersPage,
                        }),
                      },
                      {
                        path: `${paths.users}/:id`,
                        lazy: async () => ({
                          Component: (await import('./features/users/user-page')).UserPage,
                        }),
                      },
                    ],
                  },
                  { path: '*', element: <NotFoundPage /> },
                ],
              },
            ],
          },
        ],
      },
    ],
  },
]);
