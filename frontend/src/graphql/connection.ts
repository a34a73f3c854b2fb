/** Whether the live connection stands: `lost` from the moment it breaks until it is back. */
export type ConnectionStatus = 'idle' | 'live' | 'lost';

export class Connection {
  #status: ConnectionStatus = 'idle';
  readonly #listeners = new Set<() => void>();
  readonly #onRestored = new Set<() => void>();

  get status(): ConnectionStatus {
    return this.#status;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Calls `listener` whenever events may have been missed. */
  onRestored(listener: () => void): void {
    this.#onRestored.add(listener);
  }

  change(status: ConnectionStatus): void {
    if (status === this.#status) return;
    const restored = this.#status === 'lost' && status === 'live';
    this.#status = status;
    for (const listener of [...this.#listeners]) listener();
    if (restored) this.restored();
  }

  /** Events flow again, after a gap in which some may have been missed. */
  restored(): void {
    for (const listener of this.#onRestored) listener();
  }
}
