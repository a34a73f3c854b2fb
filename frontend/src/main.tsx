import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { RouterProvider } from 'react-router';
import { ApiProvider } from './graphql/api-provider';
import './i18n';
import { router } from './router';
import './ui/base.css';
import { Ground, Look } from './ui/look';

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no #root');

createRoot(root).render(
  <StrictMode>
    <Look>
      <ApiProvider>
        {/* Below the person: no question asked of one may be answered by the next. */}
        <Ground>
          <RouterProvider router={router} />
        </Ground>
      </ApiProvider>
    </Look>
  </StrictMode>,
);
