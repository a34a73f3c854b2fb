import { type Exchange, mapExchange } from '@urql/core';
import { hasCode } from './api-error';

/** Whether the server lets this person do nothing but set up a second factor, which the role needs. */
export class EnrollmentGate {
  #closed = false;
  readonly #listeners = new Set<() => void>();

  get isClosed(): boolean {
    return this.#closed;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  close(): void {
    this.#become(true);
  }

  open(): void {
    this.#become(false);
  }

  #become(closed: boolean): void {
    if (closed === this.#closed) return;
    this.#closed = closed;
    for (const listener of [...this.#listeners]) listener();
  }
}

/** Closes the gate when the server says so, whatever was asked for. */
export function watchEnrollment(gate: EnrollmentGate): Exchange {
  return mapExchange({
    onError(error) {
      if (hasCode(error, 'SECOND_FACTOR_ENROLLMENT_REQUIRED')) gate.close();
    },
  });
}
