/** The side panel: what is being spent now, today, and in this notebook. */

import { Throttler } from '@lumino/polling';
import { Widget } from '@lumino/widgets';

import { modelName } from './badgeLine.js';
import { figure } from './certainty.js';
import { element } from './dom.js';
import { counted } from './format.js';
import { costIcon } from './icons.js';
import type { NotebookCosts } from './notebookCosts.js';
import type { TodayCosts } from './todayCosts.js';
import { bigFigure, meterDoubts, parts } from './totalLine.js';
import type { Card, CardRow, Journal, NowRow, Today } from './wire.js';

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
    const today = this._today.today;
    const costs = this.#notebook?.isDisposed === false ? this.#notebook : null;
    const nodes: Node[] = today ? dayNodes(today) : [muted('No figures yet.')];
    if (costs) {
      nodes.push(...notebookNodes(costs));
    }
    if (today) {
      nodes.push(...cardNodes(today), ...journalNodes(today.journal));
    }
    this.node.replaceChildren(...nodes);
  }

  readonly #draw: Throttler;
  #notebook: NotebookCosts | null = null;
}

function dayNodes(today: Today): Node[] {
  const { total, by_model, now } = today;
  const nodes: Node[] = [
    element('div', { class: 'cc-Panel-big' }, bigFigure(total)),
    muted(total.calls > 0 ? `today · ${counted(total.calls, 'call')}` : 'today')
  ];
  if (total.calls === 0) {
    nodes.push(muted('Run a cell that calls a model: its cost appears under it.'));
  }
  if (now.length > 0) {
    nodes.push(heading('Now'), ...now.map(nowRow));
  }
  if (by_model.length > 0) {
    nodes.push(heading('Today'));
    for (const use of by_model) {
      const hint = `${counted(use.calls, 'call')}${use.provider ? ` · ${use.provider}` : ''}`;
      nodes.push(row(modelName(use, use.n_unpriced), figure(use), { hint, muted: use.cost_nusd === null }));
    }
  }
  return nodes;
}

function nowRow(now: NowRow): HTMLElement {
  const name = now.path.split('/').pop() ?? '';
  const text = name ? `${now.model} · ${name}` : now.model;
  const amount = figure({ cost_nusd: now.cost_nusd, state: 'live', n_unpriced: 0 });
  return row(text, amount, { hint: now.path, live: true });
}

function notebookNodes(costs: NotebookCosts): Node[] {
  const { total, breakdown, meter, trouble } = costs;
  const doubts = meter ? meterDoubts(meter) : [];
  const nodes: Node[] = [];
  if (total && breakdown && total.calls > 0) {
    const rows = parts(breakdown);
    for (const part of rows) {
      nodes.push(
        row(part.name, figure(part.total), { hint: counted(part.total.calls, 'call') })
      );
    }
    if (rows.length > 1) {
      nodes.push(row('together', figure(total), { sum: true }));
    }
  }
  for (const doubt of doubts) {
    nodes.push(row(doubt.text, '', { warn: true }), muted(doubt.hint));
  }
  if (trouble) {
    nodes.push(row('figures are not current', '', { warn: true }), muted(trouble));
  }
  if (nodes.length === 0) {
    return [];
  }
  return [heading(costs.path.split('/').pop() ?? 'This notebook'), ...nodes];
}

function cardNodes(today: Today): Node[] {
  const nodes: Node[] = [];
  if (today.gpu.length > 0) {
    nodes.push(...card('GPU', { rows: today.gpu }));
  }
  if (today.guard && today.guard.rows.length > 0) {
    nodes.push(...card('Guard', today.guard));
  }
  if (today.ledger) {
    nodes.push(...card('Ledger', today.ledger));
  }
  return nodes;
}

function card(name: string, { title, rows }: Card): Node[] {
  return [heading(title ?? name), ...rows.map(cardRow)];
}

function cardRow({ text, detail, level }: CardRow): HTMLElement {
  return row(text, detail, { warn: level === 'warn' || level === 'error' });
}

function journalNodes(journal: Journal): Node[] {
  if (journal.state === 'ok') {
    return [];
  }
  return [
    heading('Journal'),
    row(journal.state === 'memory' ? 'kept in memory only' : 'kept aside', '', {
      warn: true
    }),
    muted(journal.detail)
  ];
}

function heading(text: string): HTMLElement {
  return element('h4', {}, text);
}

function muted(text: string): HTMLElement {
  return element('div', { class: 'cc-muted' }, text);
}

interface RowLook {
  readonly hint?: string;
  readonly muted?: boolean;
  readonly warn?: boolean;
  readonly live?: boolean;
  readonly sum?: boolean;
}

function row(text: string, value: string, look: RowLook = {}): HTMLElement {
  const marks = [
    look.muted ? ' cc-muted' : '',
    look.warn ? ' cc-mod-warn' : '',
    look.live ? ' cc-mod-live' : '',
    look.sum ? ' cc-mod-sum' : ''
  ];
  return element(
    'div',
    { class: `cc-Row${marks.join('')}`, title: look.hint ?? '' },
    element('span', {}, look.warn ? `⚠ ${text}` : text),
    element('span', {}, value)
  );
}
