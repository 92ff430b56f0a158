/** What the cells of one notebook will cost: asked when edits pause, kept while they hold. */

import type { IDisposable } from '@lumino/disposable';
import { Debouncer } from '@lumino/polling';
import { type ISignal, Signal } from '@lumino/signaling';

import { Baselines } from './baselines.js';
import type { EstimateSource } from './estimateSource.js';
import type { Ran, Sources } from './notebookSources.js';
import type { CellEstimate, CellView, EstimatedCell, SourceCell } from './wire.js';

const PAUSE_MS = 500;
// A finished run's figures come within some 100 ms; a cell without any made no call.
const GRACE_MS = 1_500;
// What can hold or bring in a model call at all.
const MAY_CALL = /\bimport\b|%ai\b|\bmodel\b/;

interface LastRun {
  readonly source: string;
  over: boolean;
}

export class CellEstimates implements IDisposable {
  constructor(sources: Sources, server: EstimateSource) {
    this.#sources = sources;
    this.#server = server;
    this.#pause = new Debouncer(() => this.#ask(), PAUSE_MS);
    sources.changed.connect(this.wake, this);
    sources.ran.connect(this.#onRan, this);
  }

  /** Emitted with the ids of the cells whose estimate changed, came or went. */
  get changed(): ISignal<this, readonly string[]> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this.#pause.isDisposed;
  }

  /** Whether to ask at all. */
  set enabled(value: boolean) {
    if (value !== this.#enabled) {
      this.#enabled = value;
      this.#asked = null;
      this.#apply([]);
      this.wake();
    }
  }

  /** The notebook's path, as the server knows it. */
  set path(path: string) {
    if (path !== this.#path) {
      this.#path = path;
      this.wake();
    }
  }

  /** What a cell will cost that has not run as it stands; null where nothing is to say. */
  before(cellId: string): CellEstimate | null {
    const run = this.#runs.get(cellId);
    const done = run?.over === true && run.source === this.#asked?.get(cellId);
    return done ? null : (this.#known.get(cellId)?.estimate ?? null);
  }

  /** What a cell will cost as it stands, run or not. */
  now(cellId: string): CellEstimate | null {
    return this.#known.get(cellId)?.estimate ?? null;
  }

  /** True where a run would no longer cost what the run behind `view` was to cost. */
  differs(view: CellView): boolean {
    return this.#baselines.differs(view, this.#known.get(view.cell_id));
  }

  /** Forgets which cells ran: the kernel began anew. */
  forgetRuns(): void {
    const ids = [...this.#runs.keys()];
    this.#runs.clear();
    this.#tell(ids);
  }

  /** Looks at the sources once edits pause. */
  wake(): void {
    if (!this.isDisposed && this.#enabled && this.#path && this.#server.open) {
      // A disposed debouncer rejects; there is nobody left to tell.
      this.#pause.invoke().catch(() => undefined);
    }
  }

  dispose(): void {
    if (this.isDisposed) {
      return;
    }
    this.#sources.changed.disconnect(this.wake, this);
    this.#sources.ran.disconnect(this.#onRan, this);
    this.#pause.dispose();
    Signal.clearData(this);
  }

  async #ask(): Promise<void> {
    const { isPython, isVisible } = this.#sources;
    if (!this.#enabled || !isVisible) {
      return;
    }
    const cells = isPython ? this.#sources.cells : [];
    const asked = new Map(cells.map(cell => [cell.id, cell.source]));
    if (this.#askedPath === this.#path && isSame(asked, this.#asked)) {
      return;
    }
    this.#asked = asked;
    this.#askedPath = this.#path;
    const answer = cells.some(cell => MAY_CALL.test(cell.source))
      ? await this.#answer(cells)
      : [];
    if (!this.isDisposed && this.#asked === asked) {
      this.#apply(answer ?? []);
      if (!answer) {
        // Nothing is known now: the next edit asks again, whatever it is.
        this.#asked = null;
      }
    }
  }

  async #answer(cells: readonly SourceCell[]): Promise<readonly EstimatedCell[] | null> {
    const answer = await this.#server.ask(this.#path, cells);
    if (answer === 'superseded') {
      this.#asked = null;
      this.wake();
      return null;
    }
    return answer;
  }

  #apply(cells: readonly EstimatedCell[]): void {
    const before = new Map(this.#known);
    this.#known.clear();
    for (const cell of cells) {
      this.#known.set(cell.cell_id, cell);
    }
    const ids = new Set([...before.keys(), ...this.#known.keys()]);
    this.#tell(
      [...ids].filter(
        id => JSON.stringify(before.get(id)) !== JSON.stringify(this.#known.get(id))
      )
    );
  }

  #onRan(_: Sources, { id, source, running }: Ran): void {
    const run = this.#runs.get(id);
    if (running) {
      // A run that made no call is repeated: its estimate stays away.
      if (!(run?.over && run.source === source)) {
        this.#runs.set(id, { source, over: false });
      }
      this.#baselines.started(id, this.#known.get(id));
      return;
    }
    if (run && !run.over) {
      window.setTimeout(() => {
        run.over = true;
        this.#tell([id]);
      }, GRACE_MS);
    }
  }

  #tell(ids: readonly string[]): void {
    if (ids.length > 0 && !this.isDisposed) {
      this._changed.emit(ids);
    }
  }

  readonly #sources: Sources;
  readonly #server: EstimateSource;
  readonly #pause: Debouncer<void>;
  readonly #known = new Map<string, EstimatedCell>();
  readonly #runs = new Map<string, LastRun>();
  readonly #baselines = new Baselines();
  #asked: ReadonlyMap<string, string> | null = null;
  #askedPath = '';
  #path = '';
  #enabled = true;
  private _changed = new Signal<this, readonly string[]>(this);
}

function isSame(
  one: ReadonlyMap<string, string>,
  other: ReadonlyMap<string, string> | null
): boolean {
  if (one.size !== other?.size) {
    return false;
  }
  const before = [...other];
  return [...one].every(
    ([id, source], index) => id === before[index]?.[0] && source === before[index][1]
  );
}
