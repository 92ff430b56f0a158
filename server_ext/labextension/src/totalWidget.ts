/** A total on one line: in the notebook's toolbar, and in the status bar. */

import { type ISignal, Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';

import { element, setAttribute, setText } from './dom.js';
import type { TotalLine } from './totalLine.js';

export class TotalWidget extends Widget {
  constructor(kind: 'total' | 'status') {
    super();
    this.addClass('cc-Total');
    this.addClass(`cc-Total-${kind}`);
    this.#button = element(
      'button',
      { type: 'button', class: 'cc-Total-button', 'data-cellcost': kind },
      this.#cost,
      this.#rest
    );
    this.#button.addEventListener('click', this);
    this.node.append(this.#button);
    this.hide();
  }

  /** Emitted on a click: the user wants to see more. */
  get opened(): ISignal<this, void> {
    return this._opened;
  }

  handleEvent(): void {
    this._opened.emit();
  }

  /** Shows `line`; nothing at all for null. */
  render(line: TotalLine | null): void {
    this.setHidden(line === null);
    if (!line) {
      return;
    }
    setText(this.#cost, line.cost);
    setText(this.#rest, line.rest);
    setAttribute(this.#button, 'title', line.hint);
    setAttribute(this.#button, 'aria-label', `${line.cost} ${line.rest}`.trim());
    setAttribute(this.#button, 'data-cost-nusd', line.costNusd);
    this.#button.classList.toggle('cc-mod-warn', line.level === 'warn');
  }

  override dispose(): void {
    if (!this.isDisposed) {
      this.#button.removeEventListener('click', this);
      super.dispose();
    }
  }

  readonly #cost = element('span', { class: 'cc-Total-cost' });
  readonly #rest = element('span', { class: 'cc-Total-rest' });
  readonly #button: HTMLButtonElement;
  private _opened = new Signal<this, void>(this);
}
