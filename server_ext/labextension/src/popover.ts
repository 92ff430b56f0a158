/** The popover: opens under a badge, closes on Escape, gives the focus back. */

import { Throttler } from '@lumino/polling';
import { Widget } from '@lumino/widgets';

import { ApiError } from './api.js';
import type { Badge } from './badge.js';
import { element } from './dom.js';

const REFRESH_MS = 1_000;
const GAP = 4;
const MARGIN = 8;
const WIDTH = 560;
// The badge begins with the gutter for its dot; the popover with the cell's edge.
const INSET = 7;

/** What is to be shown now; `unfolded` lists call by call, `onUnfold` switches that. */
export type Load = (unfolded: boolean, onUnfold: () => void) => Promise<readonly Node[]>;

export class Popover extends Widget {
  constructor(
    readonly badge: Badge,
    private readonly _load: Load
  ) {
    super({ node: element('div') });
    this.addClass('cc-Popover');
    const { node } = this;
    node.setAttribute('role', 'dialog');
    node.setAttribute('aria-label', 'What this cell cost');
    node.setAttribute('tabindex', '-1');
    node.setAttribute('data-cellcost', 'popover');
    node.setAttribute('data-cell-id', badge.cellId);
    node.setAttribute('data-lm-suppress-shortcuts', 'true');
    badge.expanded = true;
    badge.disposed.connect(this.dispose, this);
    this.#refresh = new Throttler(() => this.#fetch(), { limit: REFRESH_MS });
    Widget.attach(this, document.body);
    node.focus({ preventScroll: true });
    this.refresh();
  }

  /** Asks for the figures again, at most once a second. */
  refresh(): void {
    if (!this.isDisposed) {
      // A refusal is shown in the popover; a disposed throttler rejects quietly.
      this.#refresh.invoke().catch(() => undefined);
    }
  }

  override dispose(): void {
    if (this.isDisposed) {
      return;
    }
    this.#refresh.dispose();
    if (!this.badge.isDisposed) {
      this.badge.expanded = false;
    }
    super.dispose();
  }

  handleEvent(event: Event): void {
    if (event instanceof KeyboardEvent) {
      this.#onKey(event);
    } else if (event.type === 'pointerdown') {
      const target = event.target as Node;
      if (!this.node.contains(target) && !this.badge.node.contains(target)) {
        this.dispose();
      }
    } else {
      this.#place();
    }
  }

  protected override onAfterAttach(): void {
    this.node.addEventListener('keydown', this);
    document.addEventListener('pointerdown', this, true);
    document.addEventListener('scroll', this, true);
    window.addEventListener('resize', this);
  }

  protected override onBeforeDetach(): void {
    this.node.removeEventListener('keydown', this);
    document.removeEventListener('pointerdown', this, true);
    document.removeEventListener('scroll', this, true);
    window.removeEventListener('resize', this);
  }

  #onKey(event: KeyboardEvent): void {
    event.stopPropagation();
    if (event.key === 'Escape' || (event.key === 'Tab' && this.#tabLeaves(event))) {
      event.preventDefault();
      const { button } = this.badge;
      this.dispose();
      button.focus({ preventScroll: true });
    }
  }

  /** True if this Tab would leave the popover: it closes instead. */
  #tabLeaves(event: KeyboardEvent): boolean {
    const stops = [...this.node.querySelectorAll<HTMLElement>('button')];
    const at = stops.indexOf(document.activeElement as HTMLElement);
    return event.shiftKey ? at <= 0 : at === stops.length - 1;
  }

  async #fetch(): Promise<void> {
    try {
      const content = await this._load(this.#unfolded, this.#unfold);
      if (!this.isDisposed) {
        this.#show(content);
      }
    } catch (error) {
      if (!this.isDisposed) {
        this.#show([refusalNote(error)]);
      }
    }
  }

  #show(content: readonly Node[]): void {
    const { activeElement } = document;
    const inside = activeElement !== this.node && this.node.contains(activeElement);
    this.node.replaceChildren(...content);
    if (inside) {
      (this.node.querySelector('button') ?? this.node).focus({ preventScroll: true });
    }
    this.#place();
  }

  readonly #unfold = (): void => {
    this.#unfolded = !this.#unfolded;
    void this.#fetch();
  };

  /** Puts the popover under its badge, or above where there is no room below. */
  #place(): void {
    const row = this.badge.node.getBoundingClientRect();
    const anchor = this.badge.button.getBoundingClientRect();
    const clip = this.badge.node.closest('.jp-WindowedPanel-outer, .jp-Notebook');
    const view = (clip ?? document.body).getBoundingClientRect();
    const gone = row.height === 0 || anchor.bottom < view.top || anchor.top > view.bottom;
    if (gone) {
      this.dispose();
      return;
    }
    const { style } = this.node;
    const width = Math.min(WIDTH, window.innerWidth - 2 * MARGIN);
    const left = Math.min(anchor.left + INSET, window.innerWidth - MARGIN - width);
    style.width = `${width}px`;
    style.left = `${Math.max(MARGIN, left)}px`;
    const below = window.innerHeight - anchor.bottom - GAP - MARGIN;
    const above = anchor.top - GAP - MARGIN;
    const height = this.node.scrollHeight + 2;
    const goesBelow = below >= height || below >= above;
    style.maxHeight = `${Math.max(120, goesBelow ? below : above)}px`;
    style.top = goesBelow ? `${anchor.bottom + GAP}px` : 'auto';
    style.bottom = goesBelow ? 'auto' : `${window.innerHeight - anchor.top + GAP}px`;
  }

  readonly #refresh: Throttler<void>;
  #unfolded = false;
}

function refusalNote(error: unknown): HTMLElement {
  const message = error instanceof Error ? error.message : String(error);
  const hint = error instanceof ApiError ? error.hint : '';
  return element('p', { class: 'cc-Popover-note' }, `${message} ${hint}`.trim());
}
