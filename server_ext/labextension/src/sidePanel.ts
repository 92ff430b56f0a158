/** The side panel: what is being spent now, today, and in this notebook. */

import { Throttler } from '@lumino/polling';
import { Widget } from '@lumino/widgets';

import { costIcon } from './icons.js';
import type { NotebookCosts } from './notebookCosts.js';
import { panelContent } from './panelContent.js';
import type { TodayCosts } from './todayCosts.js';

const DRAW_MS = 250;

export class SidePanel extends Widget {
  constructor(private readonly _today: TodayCosts) {
    super();
    this.id = 'cellcost-panel';
    this.addClass('cc-Panel');
    this.node.setAttribute('data-cellcost', 'panel');
    this.node.setAttribute('aria-label', 'What models cost');
    this.node.setAttribute('role', 'region');
    this.title.icon = costIcon;
    this.title.caption = 'What models cost (cellcost)';
    this.#draw = new Throttler(
      () => {
        this.#drawNow();
      },
      { limit: DRAW_MS, edge: 'trailing' }
    );
    _today.changed.connect(this.update, this);
  }

  /** The notebook in front, or null. */
  set notebook(costs: NotebookCosts | null) {
    if (costs === this.#notebook) {
      return;
    }
    this.#notebook?.totalChanged.disconnect(this.update, this);
    this.#notebook = costs;
    costs?.totalChanged.connect(this.update, this);
    this.update();
  }

  override dispose(): void {
    if (this.isDisposed) {
      return;
    }
    this._today.changed.disconnect(this.update, this);
    this.#notebook?.totalChanged.disconnect(this.update, this);
    this.#draw.dispose();
    super.dispose();
  }

  protected override onAfterShow(): void {
    this.update();
  }

  protected override onUpdateRequest(): void {
    if (this.isVisible) {
      this.#draw.invoke().catch(() => undefined);
    }
  }

  #drawNow(): void {
    const costs = this.#notebook?.isDisposed === false ? this.#notebook : null;
    this.node.replaceChildren(...panelContent(this._today.today, costs));
  }

  readonly #draw: Throttler;
  #notebook: NotebookCosts | null = null;
}
