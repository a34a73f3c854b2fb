import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import 'graphiql/setup-workers/vite';
import 'graphiql/style.css';
import '../i18n';
import '../ui/base.css';
import { ApiDocs } from './api-docs';

const root = document.getElementById('root');
if (!root) throw new Error('api-docs.html has no #root');

createRoot(root).render(
  <StrictMode>
    <ApiDocs />
  </StrictMode>,
);
