/** Puts a badge under every cell that made calls or will, and keeps it right. */

import type { Cell, ICellModel } from '@jupyterlab/cells';
import type { CellList, Notebook, NotebookPanel } from '@jupyterlab/notebook';
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';
import type { PanelLayout, Widget } from '@lumino/widgets';

import { Badge } from './badge.js';
import { type BadgeLine, badgeLine } from './badgeLine.js';
import { estimateLine, estimateSentence } from './estimateLine.js';
import type { CellEstimates } from './estimates.js';
import type { NotebookCosts, Received } from './notebookCosts.js';
import { isRunning } from './notebookSources.js';
import { Pace } from './pace.js';
import type { Reruns } from './reruns.js';
import type { Chip } from './wire.js';

// A run that makes its first call this soon never shows the words "previous run".
const SAY_PREVIOUS_MS = 1_000;
const TICK_MS = 1_000;

/** A badge, the cell that carries it, and when it may be drawn again. */
interface Placed {
  readonly badge: Badge;
  readonly cell: Cell;
  readonly pace: Pace;
  readonly onState: (model: ICellModel, change: { name: string }) => void;
  running: boolean;
  runningSince: number;
  timer: number;
}

export class CellBadges implements IDisposable {
  constructor(
    panel: NotebookPanel,
    costs: NotebookCosts,
    estimates: CellEstimates,
    reruns: Reruns
  ) {
    this.#notebook = panel.content;
    this.#costs = costs;
    this.#estimates = estimates;
    this.#reruns = reruns;
    costs.cellsChanged.connect(this.#onCells, this);
    estimates.changed.connect(this.#onCells, this);
    this.#notebook.modelChanged.connect(this.#onModel, this);
    this.#onModel();
  }

  /** Emitted when the user opens a badge. */
  get opened(): ISignal<this, Badge> {
    return this._opened;
  }

  /** Emitted when a badge was drawn. */
  get drawn(): ISignal<this, Badge> {
    return this._drawn;
  }

  get isDisposed(): boolean {
    return this.#isDisposed;
  }

  /** Shows or hides all badges. */
  set enabled(value: boolean) {
    if (value === this.#enabled) {
      return;
    }
    this.#enabled = value;
    if (value) {
      this.#placeAll();
    } else {
      this.#clear();
    }
  }

  /** Whether large models are marked. */
  set marksLarge(value: boolean) {
    if (value !== this.#marksLarge) {
      this.#marksLarge = value;
      for (const id of this.#placed.keys()) {
        this.#draw(id);
      }
    }
  }

  /** What a run would cost now, where edits changed that; undefined where they did not. */
  sinceEdited(cellId: string): string | undefined {
    const received = this.#costs.cell(cellId);
    return received && this.#estimates.differs(received.view)
      ? estimateSentence(this.#estimates.now(cellId))
      : undefined;
  }

  /** What is worth a word about a cell's source, as far as the user wants to hear it. */
  advice(cellId: string): readonly Chip[] {
    return this.#marksLarge ? (this.#estimates.now(cellId)?.chips ?? []) : [];
  }

  dispose(): void {
    if (this.#isDisposed) {
      return;
    }
    this.#isDisposed = true;
    this.#costs.cellsChanged.disconnect(this.#onCells, this);
    this.#estimates.changed.disconnect(this.#onCells, this);
    this.#notebook.modelChanged.disconnect(this.#onModel, this);
    this.#cells?.changed.disconnect(this.#onList, this);
    this.#clear();
    Signal.clearData(this);
  }

  #onModel(): void {
    this.#cells?.changed.disconnect(this.#onList, this);
    this.#cells = this.#notebook.model?.cells ?? null;
    this.#cells?.changed.connect(this.#onList, this);
    this.#clear();
    this.#onList();
  }

  /** Cells were added, moved or removed: their widgets may be new. */
  #onList(): void {
    const ids = this.#cells ? Array.from(this.#cells, cell => cell.id) : null;
    this.#costs.present = ids && new Set(ids);
    this.#placeAll();
  }

  #onCells(_: NotebookCosts | CellEstimates, ids: readonly string[]): void {
    for (const id of ids) {
      const placed = this.#placed.get(id);
      if (placed && !this.#hasLine(id)) {
        this.#remove(id, placed);
      }
    }
    const missing = ids.filter(id => this.#hasLine(id) && !this.#isPlaced(id));
    if (missing.length > 0) {
      this.#placeAll();
    }
    for (const id of ids) {
      this.#draw(id);
    }
  }

  /** True where there is something to say: a figure, or an estimate before there is one. */
  #hasLine(id: string): boolean {
    return this.#costs.cell(id) !== undefined || this.#estimates.before(id) !== null;
  }

  #isPlaced(id: string): boolean {
    const placed = this.#placed.get(id);
    return placed !== undefined && !placed.cell.isDisposed;
  }

  #placeAll(): void {
    if (!this.#enabled || this.#isDisposed) {
      return;
    }
    for (const cell of this.#notebook.widgets) {
      const id = cell.model.id;
      if (this.#hasLine(id) && this.#placed.get(id)?.cell !== cell) {
        this.#place(cell);
      }
    }
    for (const [id, placed] of this.#placed) {
      if (placed.cell.isDisposed) {
        this.#remove(id, placed);
      }
    }
  }

  #place(cell: Cell): void {
    const id = cell.model.id;
    const old = this.#placed.get(id);
    if (old) {
      this.#remove(id, old);
    }
    const badge = new Badge(id);
    const placed: Placed = {
      badge,
      cell,
      pace: new Pace(),
      running: isRunning(cell.model),
      runningSince: performance.now(),
      timer: 0,
      onState: (_, change) => {
        if (change.name === 'executionState') {
          this.#onRunning(id);
        }
      }
    };
    this.#placed.set(id, placed);
    cell.model.stateChanged.connect(placed.onState);
    badge.opened.connect(() => {
      this._opened.emit(badge);
    });
    if (cell.isPlaceholder()) {
      // A cell far from the view has no layout yet; it gets its badge with it.
      void cell.ready.then(() => {
        this.#insert(placed);
      });
    } else {
      this.#insert(placed);
    }
    this.#draw(id);
  }

  #insert({ badge, cell }: Placed): void {
    if (badge.isDisposed || cell.isDisposed) {
      return;
    }
    const layout = cell.layout as PanelLayout;
    const footer = layout.widgets.findIndex((widget: Widget) =>
      widget.hasClass('jp-CellFooter')
    );
    layout.insertWidget(footer < 0 ? layout.widgets.length : footer, badge);
  }

  #remove(id: string, placed: Placed): void {
    window.clearTimeout(placed.timer);
    if (!placed.cell.isDisposed) {
      placed.cell.model.stateChanged.disconnect(placed.onState);
    }
    placed.badge.dispose();
    if (this.#placed.get(id) === placed) {
      this.#placed.delete(id);
    }
  }

  #clear(): void {
    for (const [id, placed] of [...this.#placed]) {
      this.#remove(id, placed);
    }
  }

  #onRunning(id: string): void {
    const placed = this.#placed.get(id);
    if (!placed) {
      return;
    }
    const running = isRunning(placed.cell.model);
    if (running && !placed.running) {
      placed.runningSince = performance.now();
      const received = this.#costs.cell(id);
      if (received) {
        this.#reruns.supersede(received.view.run_id);
      }
    }
    placed.running = running;
    this.#draw(id);
  }

  /** Draws a badge now, or as soon as its pace allows; `at` most one is waiting. */
  #draw(id: string): void {
    const placed = this.#placed.get(id);
    if (!placed || placed.badge.isDisposed) {
      return;
    }
    window.clearTimeout(placed.timer);
    const wait = placed.pace.take(performance.now());
    if (wait > 0) {
      this.#drawLater(id, placed, wait);
      return;
    }
    const received = this.#costs.cell(id);
    if (received) {
      this.#drawFigures(id, placed, received);
    } else {
      this.#drawEstimate(id, placed);
    }
  }

  #drawLater(id: string, placed: Placed, wait: number): void {
    placed.timer = window.setTimeout(() => {
      this.#draw(id);
    }, wait);
  }

  #drawEstimate(id: string, { badge }: Placed): void {
    const guess = this.#estimates.before(id);
    if (guess) {
      this.#show(badge, estimateLine(guess, this.advice(id)));
    }
  }

  #drawFigures(id: string, placed: Placed, received: Received): void {
    const now = performance.now();
    const { view, at } = received;
    const superseded = this.#reruns.isSuperseded(view.run_id);
    const runFor = now - placed.runningSince;
    const line = badgeLine(view, {
      running: placed.running,
      superseded,
      sayPrevious: !placed.running || runFor >= SAY_PREVIOUS_MS,
      age_seconds: (now - at) / 1_000,
      now: placed.running || superseded ? undefined : this.sinceEdited(id),
      advice: this.advice(id)
    });
    this.#show(placed.badge, line);
    if (view.live_calls > 0) {
      this.#drawLater(id, placed, TICK_MS);
    } else if (superseded && placed.running && runFor < SAY_PREVIOUS_MS) {
      this.#drawLater(id, placed, SAY_PREVIOUS_MS - runFor);
    }
  }

  #show(badge: Badge, line: BadgeLine): void {
    badge.render(line);
    this._drawn.emit(badge);
  }

  readonly #notebook: Notebook;
  readonly #costs: NotebookCosts;
  readonly #estimates: CellEstimates;
  readonly #reruns: Reruns;
  readonly #placed = new Map<string, Placed>();
  #cells: CellList | null = null;
  #enabled = true;
  #marksLarge = true;
  #isDisposed = false;
  private _opened = new Signal<this, Badge>(this);
  private _drawn = new Signal<this, Badge>(this);
}
