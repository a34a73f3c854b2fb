import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';
import { buildInfo } from './build-info.ts';
import { operationsManifest } from './operations-manifest.ts';

const server = 'http://localhost:5000';

export default defineConfig({
  plugins: [
    react(),
    operationsManifest(),
    buildInfo(),
    {
      // The server answers the extensionless addresses itself; in development Vite has to be told.
      name: 'api-docs-address',
      configureServer: ({ middlewares }) => {
        middlewares.use((request, _response, next) => {
          if (request.url === '/api-docs') request.url = '/api-docs.html';
          next();
        });
      },
    },
  ],
  server: {
    port: 3000,
    strictPort: true,
    proxy: {
      '/api/': { target: server, ws: true },
      '/health': { target: server },
    },
  },
  optimizeDeps: {
    // It imports web workers by Vite's own `?worker`, which the optimiser does not know.
    exclude: ['graphiql/setup-workers/vite', '@graphiql/react/setup-workers/vite'],
  },
  build: {
    rolldownOptions: {
      input: ['index.html', 'api-docs.html'],
      // GraphiQL's packages mark files for the React compiler, which does not run on the bundle.
      checks: { moduleLevelDirective: false },
    },
    // Monaco is one large chunk; only /api-docs loads it.
    chunkSizeWarningLimit: 4096,
  },
  test: { include: ['src/**/*.test.{ts,tsx}'] },
});
