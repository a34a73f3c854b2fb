import type { Client } from 'graphql-ws';
import { graphql } from './schema';
import type { TokenSession } from './token-session';
import { wireText } from './wire-text';

const RenewToken = graphql(`
  mutation RenewToken($input: RenewTokenInput!) {
    renewToken(input: $input) {
      accessTokenExpiresAt
    }
  }
`);

/**
 * The access token that a WebSocket runs on: presented when it opens, and renewed over it whenever this tab or
 * another one has got a newer one, so that its subscriptions outlive a token without missing an event. It never
 * asks for a new token itself.
 */
export class SocketToken {
  /** What the server has accepted last. */
  #accepted: string | undefined;
  /** What it was given last. One that it refuses is not given again: the connection ends with the accepted one. */
  #offered: string | undefined;
  #open = false;
  #abandonRenewal = () => {};

  readonly #session: TokenSession;
  readonly #subscribe: Client['subscribe'];
  readonly #leaveSession: () => void;

  constructor(session: TokenSession, subscribe: Client['subscribe']) {
    this.#session = session;
    this.#subscribe = subscribe;
    this.#leaveSession = session.subscribe(() => this.#renew());
  }

  get value(): string | undefined {
    return this.#accepted;
  }

  /** The payload of `connection_init`. */
  present(): { authorization?: string } {
    const token = this.#session.accessToken;
    this.#accepted = token;
    this.#offered = token;
    return token ? { authorization: `Bearer ${token}` } : {};
  }

  opened(): void {
    this.#open = true;
    this.#renew();
  }

  /** Also keeps graphql-ws from sending an old renewal over the next connection. */
  closed(): void {
    this.#open = false;
    this.#abandonRenewal();
  }

  dispose(): void {
    this.#leaveSession();
    this.closed();
  }

  #renew(): void {
    const { accessToken } = this.#session;
    // A connection that was opened without a token stays anonymous.
    if (!this.#open || !this.#accepted || !accessToken || accessToken === this.#offered) return;
    this.#offered = accessToken;
    this.#abandonRenewal();
    // As text: a hash that the server does not know would cost a second round trip while the old token runs out.
    this.#abandonRenewal = this.#subscribe<{ renewToken: unknown }>(
      { query: wireText(RenewToken), variables: { input: { accessToken } } },
      {
        next: ({ data }) => {
          if (data) this.#accepted = accessToken;
        },
        // Refused or cut off: the server closes the connection when its token has run out.
        error: () => {},
        complete: () => {},
      },
    );
  }
}
