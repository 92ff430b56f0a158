/** What today cost, kept current for the status bar and the panel. */

import type { IDisposable } from '@lumino/disposable';
import { Poll } from '@lumino/polling';
import { type ISignal, Signal } from '@lumino/signaling';

import type { Api } from './api.js';
import type { CostStream } from './stream.js';
import type { Today } from './wire.js';

// Heals a lost socket, and turns the page at midnight.
const HEAL_MS = 60_000;

export class TodayCosts implements IDisposable {
  constructor(api: Api, stream: CostStream) {
    this.#stream = stream;
    stream.today.connect(this.#onToday, this);
    this.#poll = new Poll({
      name: 'cellcost:today',
      factory: async () => {
        const today = await api.today();
        this.#set(today);
      },
      frequency: { interval: HEAL_MS, backoff: true, max: 10 * HEAL_MS },
      standby: 'when-hidden'
    });
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get today(): Today | null {
    return this.#today;
  }

  get isDisposed(): boolean {
    return this.#poll.isDisposed;
  }

  dispose(): void {
    if (!this.isDisposed) {
      this.#poll.dispose();
      this.#stream.today.disconnect(this.#onToday, this);
      Signal.clearData(this);
    }
  }

  #onToday(_: CostStream, today: Today): void {
    this.#set(today);
  }

  #set(today: Today): void {
    if (!this.isDisposed) {
      this.#today = today;
      this._changed.emit();
    }
  }

  readonly #stream: CostStream;
  readonly #poll: Poll;
  #today: Today | null = null;
  private _changed = new Signal<this, void>(this);
}
