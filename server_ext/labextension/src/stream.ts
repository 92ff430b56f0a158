/** The server's news: changed cells and today's figures, as typed signals. */

import type { Event } from '@jupyterlab/services';
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import type { NotebookView, Today } from './wire.js';

const CELLS = 'https://schema.cellcost.dev/cells/v1';
const TODAY = 'https://schema.cellcost.dev/today/v1';

/** Picks our events out of the server's event bus, which carries everybody's. */
export class CostStream implements IDisposable {
  constructor(events: Event.IManager) {
    this.#events = events;
    events.stream.connect(this.#receive, this);
  }

  /** Emitted with the changed cells of any notebook: filter by path and kernel. */
  get cells(): ISignal<this, NotebookView> {
    return this._cells;
  }

  get today(): ISignal<this, Today> {
    return this._today;
  }

  get isDisposed(): boolean {
    return this.#isDisposed;
  }

  dispose(): void {
    if (!this.#isDisposed) {
      this.#isDisposed = true;
      this.#events.stream.disconnect(this.#receive, this);
      Signal.clearData(this);
    }
  }

  #receive(_: Event.IManager, event: Event.Emission): void {
    // The schema ids are the contract: what carries one has its shape.
    if (event.schema_id === CELLS) {
      this._cells.emit(event as unknown as NotebookView);
    } else if (event.schema_id === TODAY) {
      this._today.emit(event as unknown as Today);
    }
  }

  readonly #events: Event.IManager;
  #isDisposed = false;
  private _cells = new Signal<this, NotebookView>(this);
  private _today = new Signal<this, Today>(this);
}
