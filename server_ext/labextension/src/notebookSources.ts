/** The code of one notebook as it stands: what estimates are made from. */

import type { Cell, ICellModel } from '@jupyterlab/cells';
import type { CellList, NotebookPanel } from '@jupyterlab/notebook';
import type { IDisposable } from '@lumino/disposable';
import { type Message, MessageLoop } from '@lumino/messaging';
import { type ISignal, Signal } from '@lumino/signaling';

import type { SourceCell } from './wire.js';

/** A cell began or ended a run. */
export interface Ran {
  readonly id: string;
  readonly source: string;
  readonly running: boolean;
}

/** What estimates need of a notebook. */
export interface Sources {
  readonly isPython: boolean;
  readonly isVisible: boolean;
  readonly cells: readonly SourceCell[];
  /** Emitted when any of this may have changed, but for a notebook that was hidden. */
  readonly changed: ISignal<this, void>;
  readonly ran: ISignal<this, Ran>;
}

export class NotebookSources implements Sources, IDisposable {
  constructor(panel: NotebookPanel) {
    this.#panel = panel;
    panel.content.modelChanged.connect(this.#onModel, this);
    MessageLoop.installMessageHook(panel, this.#onMessage);
    this.#onModel();
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get ran(): ISignal<this, Ran> {
    return this._ran;
  }

  /** True also where nothing says the language yet. */
  get isPython(): boolean {
    return /^$|^i?python/i.test(this.#language());
  }

  get isVisible(): boolean {
    return this.#panel.isVisible;
  }

  get cells(): readonly SourceCell[] {
    return Array.from(this.#cells ?? [])
      .filter(cell => cell.type === 'code')
      .map(cell => ({ id: cell.id, source: cell.sharedModel.getSource() }));
  }

  get isDisposed(): boolean {
    return this.#isDisposed;
  }

  dispose(): void {
    if (this.#isDisposed) {
      return;
    }
    this.#isDisposed = true;
    MessageLoop.removeMessageHook(this.#panel, this.#onMessage);
    this.#followed.clear();
    Signal.clearData(this);
  }

  #language(): string {
    const model = this.#panel.content.model;
    const spec = model?.getMetadata('kernelspec') as { language?: unknown } | undefined;
    const said = model?.defaultKernelLanguage ?? '';
    return said || (typeof spec?.language === 'string' ? spec.language : '');
  }

  #onModel(): void {
    const { model } = this.#panel.content;
    this.#cells?.changed.disconnect(this.#onList, this);
    this.#cells = model?.cells ?? null;
    this.#cells?.changed.connect(this.#onList, this);
    model?.metadataChanged.connect(this.#tell, this);
    this.#onList();
  }

  #onList(): void {
    const present = new Set<ICellModel>(this.#cells ?? []);
    for (const cell of present) {
      if (!this.#followed.has(cell)) {
        this.#followed.add(cell);
        cell.sharedModel.changed.connect(this.#onSource, this);
        cell.stateChanged.connect(this.#onState, this);
      }
    }
    for (const cell of this.#followed) {
      if (!present.has(cell)) {
        this.#followed.delete(cell);
      }
    }
    this.#tell();
  }

  #tell(): void {
    this._changed.emit();
  }

  #onSource(_: unknown, change: { sourceChange?: unknown }): void {
    if (change.sourceChange !== undefined) {
      this.#tell();
    }
  }

  #onState(cell: ICellModel, change: { name: string }): void {
    if (change.name === 'executionState') {
      const source = cell.sharedModel.getSource();
      this._ran.emit({ id: cell.id, source, running: isRunning(cell) });
    }
  }

  readonly #onMessage = (_: unknown, message: Message): boolean => {
    if (message.type === 'after-show') {
      this.#tell();
    }
    return true;
  };

  readonly #panel: NotebookPanel;
  readonly #followed = new Set<ICellModel>();
  #cells: CellList | null = null;
  #isDisposed = false;
  private _changed = new Signal<this, void>(this);
  private _ran = new Signal<this, Ran>(this);
}

/** True while a cell executes, as the notebook sees it. */
export function isRunning(cell: Cell['model']): boolean {
  return 'executionState' in cell && cell.executionState === 'running';
}
