/// <reference types="vite/client" />

interface ImportMetaEnv {
  /** The API's address when it is not `/api` on the console's own origin, e.g. `https://api.example.com/api`. */
  readonly VITE_API_URL?: string;
}
