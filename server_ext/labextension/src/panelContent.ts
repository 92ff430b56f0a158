/** What the side panel shows: the day, what runs now, the notebook in front, trouble. */

import { modelName } from './badgeLine.js';
import { figure } from './certainty.js';
import { element } from './dom.js';
import { counted } from './format.js';
import type { NotebookCosts } from './notebookCosts.js';
import { parts } from './parts.js';
import { bigFigure, meterDoubts } from './totalLine.js';
import type { Card, CardRow, Journal, NowRow, Today } from './wire.js';

/** What the panel says of a notebook. */
export type NotebookFigures = Pick<
  NotebookCosts,
  'path' | 'total' | 'breakdown' | 'views' | 'present' | 'meter' | 'trouble'
>;

/** The panel's children; null where nothing came yet, or no notebook is in front. */
export function panelContent(today: Today | null, costs: NotebookFigures | null): Node[] {
  const nodes: Node[] = today ? dayNodes(today) : [muted('No figures yet.')];
  if (costs) {
    nodes.push(...notebookNodes(costs));
  }
  if (today) {
    nodes.push(...cardNodes(today), ...journalNodes(today.journal));
  }
  return nodes;
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

function notebookNodes(costs: NotebookFigures): Node[] {
  const { total, meter, trouble } = costs;
  const doubts = meter ? meterDoubts(meter) : [];
  const nodes: Node[] = [];
  if (total && total.calls > 0) {
    const rows = parts(costs);
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
