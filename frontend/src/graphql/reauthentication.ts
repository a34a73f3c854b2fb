import type { CombinedError, Exchange, Operation, OperationResult } from '@urql/core';
import { filter, makeSubject, merge, pipe, tap } from 'wonka';
import { hasCode } from './api-error';

/**
 * The question of who is there: the server asks it before anything that changes the ways into an account. However
 * many mutations wait for the answer, it is asked once.
 */
export class Reauthentication {
  #answered: Promise<boolean> | undefined;
  #answer: (confirmed: boolean) => void = () => {};
  readonly #listeners = new Set<() => void>();

  get isAsked(): boolean {
    return this.#answered !== undefined;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Whether the person has shown who they are; they may also refuse. */
  ask(): Promise<boolean> {
    // Nobody is there to put the question: the refusal itself is the answer.
    if (this.#listeners.size === 0) return Promise.resolve(false);
    this.#answered ??= new Promise((resolve) => {
      this.#answer = resolve;
    });
    this.#tell();
    return this.#answered;
  }

  answer(confirmed: boolean): void {
    this.#answered = undefined;
    this.#answer(confirmed);
    this.#tell();
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}

export const wasNotConfirmed = (error: CombinedError) => hasCode(error, 'REAUTHENTICATION_REQUIRED');

/**
 * Has the question asked when a mutation is refused for it, and sends the mutation once more. Without a yes, or when
 * the server is not satisfied with it, the refusal is the mutation's end.
 */
export function askBeforeChanges(question: Reauthentication): Exchange {
  return ({ forward }) =>
    (operations) => {
      const repeated = makeSubject<Operation>();
      const refused = makeSubject<OperationResult>();
      /** Mutations under way, as they came: on their way down they are changed. */
      const underWay = new Map<unknown, Operation>();

      async function ask(refusal: OperationResult, operation: Operation) {
        if (!(await question.ask())) return refused.next(refusal);
        repeated.next(operation);
      }

      const results = pipe(
        merge([
          pipe(
            operations,
            tap((operation) => {
              if (operation.kind === 'mutation') underWay.set(operation.context._instance, operation);
            }),
          ),
          repeated.source,
        ]),
        forward,
        filter((result) => {
          const { kind, context } = result.operation;
          if (kind !== 'mutation') return true;
          const operation = underWay.get(context._instance);
          underWay.delete(context._instance);
          if (!operation || !result.error || !wasNotConfirmed(result.error)) return true;
          ask(result, operation);
          return false;
        }),
      );
      return merge([results, refused.source]);
    };
}
