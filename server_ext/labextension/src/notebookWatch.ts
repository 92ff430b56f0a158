/** One notebook, watched: its costs and estimates, its badges, total and popover. */

import type { NotebookPanel } from '@jupyterlab/notebook';
import type { Contents, Kernel } from '@jupyterlab/services';
import type { IDisposable } from '@lumino/disposable';

import type { Api } from './api.js';
import type { Badge } from './badge.js';
import { CellBadges } from './cellBadges.js';
import type { Dismissals } from './dismissals.js';
import { adviceNotes, editedNote, estimateContent } from './estimateContent.js';
import { CellEstimates } from './estimates.js';
import type { EstimateSource } from './estimateSource.js';
import { NotebookCosts } from './notebookCosts.js';
import { NotebookSources } from './notebookSources.js';
import { parts } from './parts.js';
import { Popover } from './popover.js';
import { popoverContent } from './popoverContent.js';
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
  readonly estimates: EstimateSource;
  readonly dismissals: Dismissals;
}

export class NotebookWatch implements IDisposable {
  constructor(panel: NotebookPanel, around: Surroundings) {
    this.#panel = panel;
    this.#around = around;
    this.costs = new NotebookCosts(around.api, around.stream);
    this.#sources = new NotebookSources(panel);
    this.#estimates = new CellEstimates(this.#sources, around.estimates);
    this.#badges = new CellBadges(panel, this.costs, this.#estimates, around.reruns);
    this.#badges.opened.connect(this.#onOpened, this);
    this.#badges.drawn.connect(this.#onDrawn, this);
    this.costs.totalChanged.connect(this.#drawTotal, this);
    this.total = new TotalWidget('total');
    panel.context.pathChanged.connect(this.#follow, this);
    panel.sessionContext.kernelChanged.connect(this.#follow, this);
    panel.sessionContext.connectionStatusChanged.connect(this.#onConnection, this);
    panel.sessionContext.statusChanged.connect(this.#onStatus, this);
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
    this.#estimates.enabled = choices.badges && choices.estimates;
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
    panel.sessionContext.statusChanged.disconnect(this.#onStatus, this);
    panel.disposed.disconnect(this.dispose, this);
    this.#popover?.dispose();
    this.#badges.dispose();
    this.#estimates.dispose();
    this.#sources.dispose();
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
    this.#estimates.path = path;
    this.#badges.marksLarge = !this.#around.dismissals.isDismissed(path);
  }

  #onConnection(): void {
    // A socket that came back is a sign that events may have been missed.
    if (this.#panel.sessionContext.kernelDisplayStatus !== 'connecting') {
      this.costs.refresh();
    }
  }

  #onStatus(_: unknown, status: Kernel.Status): void {
    if (status === 'restarting' || status === 'autorestarting') {
      this.#estimates.forgetRuns();
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
    this.#popover = new Popover(badge, (unfolded, onUnfold) =>
      this.#popoverContent(badge.cellId, unfolded, onUnfold)
    );
  }

  async #popoverContent(
    cellId: string,
    unfolded: boolean,
    onUnfold: () => void
  ): Promise<readonly Node[]> {
    const guess = this.#estimates.before(cellId);
    const content =
      guess && !this.costs.cell(cellId)
        ? estimateContent(guess)
        : popoverContent(
            await this.#around.api.cell(this.costs.path, cellId),
            unfolded,
            onUnfold
          );
    const edited = this.#badges.sinceEdited(cellId);
    if (edited !== undefined) {
      content.push(editedNote(edited));
    }
    const advice = adviceNotes(this.#badges.advice(cellId), () => {
      this.#around.dismissals.dismiss(this.costs.path);
      this.#badges.marksLarge = false;
    });
    return [...content, ...advice];
  }

  #onDrawn(_: CellBadges, badge: Badge): void {
    if (this.#popover?.badge === badge) {
      this.#popover.refresh();
    }
  }

  readonly #panel: NotebookPanel;
  readonly #around: Surroundings;
  readonly #badges: CellBadges;
  readonly #sources: NotebookSources;
  readonly #estimates: CellEstimates;
  #popover: Popover | null = null;
  #showTotal = true;
}
