/** What the server knows of one notebook: a snapshot, kept current by events. */

import type { IDisposable } from '@lumino/disposable';
import { Poll } from '@lumino/polling';
import { type ISignal, Signal } from '@lumino/signaling';

import type { Api } from './api.js';
import type { CostStream } from './stream.js';
import type { Breakdown, CellView, Meter, NotebookView, Total } from './wire.js';

/** A view, and when it came (for figures that grow with time). */
export interface Received {
  readonly view: CellView;
  readonly at: number;
}

// The event socket has no "reconnected" signal: a slow poll heals what it missed.
const HEAL_MS = 30_000;
// A call in flight that went silent is asked for sooner.
const HEAL_LIVE_MS = 5_000;

export class NotebookCosts implements IDisposable {
  constructor(api: Api, stream: CostStream) {
    this.#api = api;
    this.#stream = stream;
    stream.cells.connect(this.#onEvent, this);
    this.#poll = new Poll({
      auto: false,
      name: 'cellcost:notebook',
      factory: () => this.#fetch(),
      frequency: { interval: HEAL_MS, backoff: true, max: 5 * 60_000 },
      standby: 'when-hidden'
    });
  }

  /** Emitted with the ids of the cells whose view changed, came or went. */
  get cellsChanged(): ISignal<this, readonly string[]> {
    return this._cellsChanged;
  }

  /** Emitted when the total, its parts or the meter's state changed. */
  get totalChanged(): ISignal<this, void> {
    return this._totalChanged;
  }

  get path(): string {
    return this.#path;
  }

  get total(): Total | null {
    return this.#total;
  }

  get breakdown(): Breakdown | null {
    return this.#breakdown;
  }

  get meter(): Meter | null {
    return this.#meter;
  }

  /** Why the last snapshot failed; "" while all is well. */
  get trouble(): string {
    return this.#trouble;
  }

  get cellIds(): Iterable<string> {
    return this.#cells.keys();
  }

  /** The latest run of every cell that ever made a call, deleted cells too. */
  get views(): readonly CellView[] {
    return [...this.#cells.values()].map(({ view }) => view);
  }

  /** The ids of the cells that the notebook has now; null while that is not known. */
  get present(): ReadonlySet<string> | null {
    return this.#present;
  }

  set present(ids: ReadonlySet<string> | null) {
    this.#present = ids;
    if (this.#cells.size > 0 && !this.isDisposed) {
      this._totalChanged.emit();
    }
  }

  get isDisposed(): boolean {
    return this.#poll.isDisposed;
  }

  cell(cellId: string): Received | undefined {
    return this.#cells.get(cellId);
  }

  /** Follows this path and kernel from now on: after a rename, a new kernel. */
  follow(path: string, kernelId: string): void {
    if (this.isDisposed) {
      return;
    }
    this.#path = path;
    this.#kernelId = kernelId;
    this.#rev = -1;
    this.refresh();
  }

  /** Asks for a snapshot now. */
  refresh(): void {
    if (!this.isDisposed && this.#path) {
      void this.#poll.refresh();
    }
  }

  dispose(): void {
    if (!this.isDisposed) {
      this.#poll.dispose();
      this.#stream.cells.disconnect(this.#onEvent, this);
      this.#cells.clear();
      Signal.clearData(this);
    }
  }

  async #fetch(): Promise<void> {
    const asked = `${this.#kernelId} ${this.#path}`;
    let view: NotebookView;
    try {
      view = await this.#api.notebook(this.#path, this.#kernelId);
    } catch (error) {
      this.#say(error instanceof Error ? error.message : String(error));
      throw error;
    }
    if (this.isDisposed || asked !== `${this.#kernelId} ${this.#path}`) {
      return;
    }
    this.#trouble = '';
    // An event that came while the snapshot was on its way may be newer.
    if (view.rev >= this.#rev) {
      this.#apply(view);
    }
    this.#poll.frequency = {
      ...this.#poll.frequency,
      interval: this.#isLive() ? HEAL_LIVE_MS : HEAL_MS
    };
  }

  #onEvent(_: CostStream, view: NotebookView): void {
    if (view.path !== this.#path) {
      // A kernel's notebook was renamed, or two notebooks share it: ask.
      if (view.kernel_id !== '' && view.kernel_id === this.#kernelId) {
        this.refresh();
      }
      return;
    }
    if (view.rev < this.#rev) {
      // An older event after a newer snapshot; or another journal, begun anew.
      this.#rev = -1;
      this.refresh();
      return;
    }
    this.#apply(view);
  }

  #apply(view: NotebookView): void {
    this.#rev = view.rev;
    const at = performance.now();
    const changed: string[] = [];
    for (const cell of view.cells) {
      const old = this.#cells.get(cell.cell_id);
      if (old && JSON.stringify(old.view) === JSON.stringify(cell)) {
        continue;
      }
      this.#cells.set(cell.cell_id, { view: cell, at });
      changed.push(cell.cell_id);
    }
    if (view.whole) {
      changed.push(...this.#dropAllBut(view.cells));
    }
    this.#total = view.total;
    this.#breakdown = view.breakdown;
    this.#meter = view.meter;
    if (changed.length > 0) {
      this._cellsChanged.emit(changed);
    }
    this._totalChanged.emit();
  }

  /** Forgets the cells that are not among `cells`, and returns their ids. */
  #dropAllBut(cells: readonly CellView[]): string[] {
    const kept = new Set(cells.map(cell => cell.cell_id));
    const gone = [...this.#cells.keys()].filter(id => !kept.has(id));
    for (const id of gone) {
      this.#cells.delete(id);
    }
    return gone;
  }

  #say(trouble: string): void {
    if (!this.isDisposed && this.#trouble !== trouble) {
      this.#trouble = trouble;
      this._totalChanged.emit();
    }
  }

  #isLive(): boolean {
    return (this.#total?.live_calls ?? 0) > 0;
  }

  readonly #api: Api;
  readonly #stream: CostStream;
  readonly #poll: Poll<void>;
  readonly #cells = new Map<string, Received>();
  #present: ReadonlySet<string> | null = null;
  #path = '';
  #kernelId = '';
  #rev = -1;
  #total: Total | null = null;
  #breakdown: Breakdown | null = null;
  #meter: Meter | null = null;
  #trouble = '';
  private _cellsChanged = new Signal<this, readonly string[]>(this);
  private _totalChanged = new Signal<this, void>(this);
}
