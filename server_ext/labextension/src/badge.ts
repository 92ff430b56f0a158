/** The badge: one quiet line under a cell's output. */

import { type ISignal, Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';

import type { BadgeLine, Part } from './badgeLine.js';
import { element, setAttribute, setText } from './dom.js';

/** A line that shows what one cell cost; lives in the cell's own layout. */
export class Badge extends Widget {
  constructor(readonly cellId: string) {
    super();
    this.addClass('cc-BadgeRow');
    this.button = element('div', {
      class: 'cc-Badge',
      role: 'button',
      tabindex: '0',
      'aria-haspopup': 'dialog',
      'aria-expanded': 'false',
      'data-cellcost': 'badge',
      'data-cell-id': cellId
    });
    this.node.append(this.button);
    this.button.addEventListener('click', this);
    this.button.addEventListener('focus', this);
    this.button.addEventListener('blur', this);
  }

  /** The element that is clicked, focused and read. */
  readonly button: HTMLElement;

  /** Emitted when the user asks for the popover. */
  get opened(): ISignal<this, void> {
    return this._opened;
  }

  set expanded(value: boolean) {
    setAttribute(this.button, 'aria-expanded', String(value));
  }

  handleEvent(event: Event): void {
    if (event instanceof KeyboardEvent) {
      this.#onKey(event);
    } else if (event.type === 'focus') {
      // JupyterLab's shortcuts (Enter edits the cell) listen on the document, first of
      // all: two keys must be taken before them, all others stay theirs.
      window.addEventListener('keydown', this, true);
    } else if (event.type === 'blur') {
      window.removeEventListener('keydown', this, true);
    } else {
      this._opened.emit();
    }
  }

  /** Shows `line`; touches only what changed. */
  render(line: BadgeLine): void {
    const { button } = this;
    setAttribute(button, 'data-state', line.state);
    setAttribute(button, 'data-cost-nusd', line.costNusd);
    setAttribute(button, 'data-estimate-nusd', line.estimateNusd ?? null);
    setAttribute(button, 'title', line.hint ?? null);
    setAttribute(button, 'aria-label', line.label);
    button.classList.toggle('cc-mod-live', line.live);
    button.classList.toggle('cc-mod-previous', line.previous);
    button.classList.toggle('cc-mod-estimate', line.state === 'estimate');
    const sure = line.state === 'measured' || line.state === 'partial';
    const priced = line.state === 'unpriced' && line.costNusd !== null;
    button.classList.toggle('cc-mod-light', line.live || !(sure || priced));
    // While it counts a part only ever grows: its neighbours do not jump, neither then
    // nor when the last figure, without its `≈`, is shorter. An estimate gives its width
    // to the figures that take its place.
    const keeps = line.live || (this.#wasEstimate && line.state !== 'estimate');
    this.#wasEstimate = line.state === 'estimate';
    line.parts.forEach((part, index) => {
      this.#renderPart(part, index, keeps);
    });
    while (button.children.length > line.parts.length) {
      button.lastElementChild?.remove();
    }
  }

  override dispose(): void {
    if (this.isDisposed) {
      return;
    }
    this.button.removeEventListener('click', this);
    this.button.removeEventListener('focus', this);
    this.button.removeEventListener('blur', this);
    window.removeEventListener('keydown', this, true);
    super.dispose();
  }

  #onKey(event: KeyboardEvent): void {
    const modified = event.ctrlKey || event.metaKey || event.altKey || event.shiftKey;
    const opens = event.key === 'Enter' || event.key === ' ';
    if (event.target === this.button && opens && !modified) {
      event.preventDefault();
      event.stopImmediatePropagation();
      this._opened.emit();
    }
  }

  #renderPart(part: Part, index: number, keeps: boolean): void {
    const { button } = this;
    const level = part.level ? ` cc-mod-${part.level}` : '';
    const wanted = `cc-Badge-${part.kind}${level}`;
    let node = button.children.item(index) as HTMLElement | null;
    if (node?.className !== wanted) {
      const fresh = element('span', { class: wanted });
      if (node) {
        node.replaceWith(fresh);
      } else {
        button.append(fresh);
      }
      node = fresh;
    }
    const before = keeps ? node.getBoundingClientRect().width : 0;
    setText(node, part.text);
    setAttribute(node, 'title', part.hint ?? null);
    if (keeps) {
      const width = Math.max(before, node.getBoundingClientRect().width);
      if (width > parseFloat(node.style.minWidth || '0')) {
        node.style.minWidth = `${width}px`;
      }
    }
  }

  #wasEstimate = false;
  private _opened = new Signal<this, void>(this);
}
