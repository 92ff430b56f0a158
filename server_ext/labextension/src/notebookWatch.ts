/** One notebook, watched: its costs, its badges, its total, its popover. */

import type { NotebookPanel } from '@jupyterlab/notebook';
import type { Contents } from '@jupyterlab/services';
import type { IDisposable } from '@lumino/disposable';

import type { Api } from './api.js';
import type { Badge } from './badge.js';
import { CellBadges } from './cellBadges.js';
import { NotebookCosts } from './notebookCosts.js';
import { parts } from './parts.js';
import { Popover } from './popover.js';
import type { Reruns } from './reruns.js';
import type { Choices } from './settings.js';
import type { CostStream } from './stream.js';
import { notebookLine } from './totalLine.js';
import { TotalWidget } from './totalWidget.js';

export interface Surroundings {
  readonly api: Api;
  readonly stream: CostStream;
  readonly reruns: Reruns;
  readonly contents: Contents.IManager;
}

export class NotebookWatch implements IDisposable {
  constructor(panel: NotebookPanel, around: Surroundings) {
    this.#panel = panel;
    this.#around = around;
    this.costs = new NotebookCosts(around.api, around.stream);
    this.#badges = new CellBadges(panel, this.costs, around.reruns);
    this.#badges.opened.connect(this.#onOpened, this);
    this.#badges.drawn.connect(this.#onDrawn, this);
    this.costs.totalChanged.connect(this.#drawTotal, this);
    this.total = new TotalWidget('total');
    panel.context.pathChanged.connect(this.#follow, this);
    panel.sessionContext.kernelChanged.connect(this.#follow, this);
    panel.sessionContext.connectionStatusChanged.connect(this.#onConnection, this);
    document.addEventListener('visibilitychange', this);
    panel.disposed.connect(this.dispose, this);
    panel.context.ready.then(
      () => {
        this.#follow();
      },
      () => {
        // A notebook that could not be read has no cells; the document says why.
      }
    );
  }

  readonly costs: NotebookCosts;

  /** The notebook's total, for its toolbar. */
  readonly total: TotalWidget;

  get isDisposed(): boolean {
    return this.costs.isDisposed;
  }

  set choices(choices: Choices) {
    this.#badges.enabled = choices.badges;
    this.#showTotal = choices.notebookTotal;
    this.#drawTotal();
  }

  handleEvent(): void {
    if (!document.hidden) {
      this.costs.refresh();
    }
  }

  dispose(): void {
    if (this.isDisposed) {
      return;
    }
    document.removeEventListener('visibilitychange', this);
    const panel = this.#panel;
    panel.context.pathChanged.disconnect(this.#follow, this);
    panel.sessionContext.kernelChanged.disconnect(this.#follow, this);
    panel.sessionContext.connectionStatusChanged.disconnect(this.#onConnection, this);
    panel.disposed.disconnect(this.dispose, this);
    this.#popover?.dispose();
    this.#badges.dispose();
    this.costs.dispose();
    this.total.dispose();
  }

  #follow(): void {
    if (this.isDisposed) {
      return;
    }
    const { context, sessionContext } = this.#panel;
    // A drive prefix ("RTC:") is the page's own: the server knows the plain path.
    const path = this.#around.contents.localPath(context.path);
    this.costs.follow(path, sessionContext.session?.kernel?.id ?? '');
  }

  #onConnection(): void {
    // A socket that came back is a sign that events may have been missed.
    if (this.#panel.sessionContext.kernelDisplayStatus !== 'connecting') {
      this.costs.refresh();
    }
  }

  #drawTotal(): void {
    if (this.total.isDisposed) {
      return;
    }
    const { total, meter } = this.costs;
    const line = this.#showTotal ? notebookLine(total, parts(this.costs), meter) : null;
    this.total.render(line);
  }

  #onOpened(_: CellBadges, badge: Badge): void {
    const open = this.#popover?.isDisposed === false ? this.#popover : null;
    this.#popover = null;
    open?.dispose();
    if (open?.badge === badge) {
      badge.button.focus();
      return;
    }
    this.#popover = new Popover(badge, () =>
      this.#around.api.cell(this.costs.path, badge.cellId)
    );
  }

  #onDrawn(_: CellBadges, badge: Badge): void {
    if (this.#popover?.badge === badge) {
      this.#popover.refresh();
    }
  }

  readonly #panel: NotebookPanel;
  readonly #around: Surroundings;
  readonly #badges: CellBadges;
  #popover: Popover | null = null;
  #showTotal = true;
}
