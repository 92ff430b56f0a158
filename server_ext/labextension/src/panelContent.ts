/** What the side panel shows: the day, what runs now, the notebook in front, trouble. */

import { modelName } from './badgeLine.js';
import { asKnown, figure } from './certainty.js';
import { element } from './dom.js';
import { counted } from './format.js';
import type { NotebookCosts } from './notebookCosts.js';
import { parts } from './parts.js';
import { bigFigure, type Doubt, journalDoubts, meterDoubts } from './totalLine.js';
import type { Card, CardRow, NowRow, Today, Total } from './wire.js';

/** What the panel says of a notebook. */
export type NotebookFigures = Pick<
  NotebookCosts,
  'path' | 'total' | 'breakdown' | 'views' | 'present' | 'meter' | 'trouble'
>;

/** The panel's children; null where nothing came yet, or no notebook is in front. */
export function panelContent(today: Today | null, costs: NotebookFigures | null): Node[] {
  const nodes: Node[] = today ? dayNodes(today) : [muted('No figures yet.')];
  const told = today ? journalDoubts(today.journal) : [];
  if (costs) {
    nodes.push(...notebookNodes(costs, new Set(told.map(doubt => doubt.hint))));
  }
  if (today) {
    nodes.push(...cardNodes(today));
  }
  if (told.length > 0) {
    nodes.push(heading('Journal'), ...told.flatMap(doubtNodes));
  }
  return nodes;
}

function dayNodes(today: Today): Node[] {
  const { total, by_model, now } = today;
  const nodes: Node[] = [
    element('div', { class: 'cc-Panel-big' }, bigFigure(today)),
    muted(total.calls > 0 ? `today · ${counted(total.calls, 'call')}` : 'today')
  ];
  if (total.calls === 0 && total.cost_nusd !== null) {
    nodes.push(muted('Run a cell that calls a model: its cost appears under it.'));
  }
  if (now.length > 0) {
    nodes.push(heading('Now'), ...now.map(nowRow));
  }
  if (by_model.length > 0) {
    nodes.push(heading('Today'));
    for (const use of by_model) {
      const hint = `${counted(use.calls, 'call')}${use.provider ? ` · ${use.provider}` : ''}`;
      const amount = figure(asKnown(use, today.journal));
      const look = { hint, muted: use.cost_nusd === null };
      nodes.push(row(modelName(use, use.n_unpriced), amount, look));
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

/** The notebook's parts and doubts, but for what is `told` elsewhere in the panel. */
function notebookNodes(costs: NotebookFigures, told: ReadonlySet<string>): Node[] {
  const { total, meter, trouble } = costs;
  const nodes: Node[] = [];
  const known = (part: Total): Total => asKnown(part, meter?.journal);
  const used = total && (total.calls > 0 || total.gpu.busy_ms + total.gpu.held_ms > 0);
  if (total && used) {
    const rows = parts(costs);
    for (const part of rows) {
      const hint = counted(part.total.calls, 'call');
      nodes.push(row(part.name, figure(known(part.total)), { hint }));
    }
    if (rows.length > 1) {
      nodes.push(row('together', figure(known(total)), { sum: true }));
    }
  }
  if (meter) {
    const doubts = meterDoubts(meter).filter(doubt => !told.has(doubt.hint));
    nodes.push(...doubts.flatMap(doubtNodes));
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

function doubtNodes({ text, hint }: Doubt): Node[] {
  return [row(text, '', { warn: true }), muted(hint)];
}

function heading(text: string): HTMLElement {
  return element('h4', {}, text);
}

function muted(text: string): HTMLElement {
  // What stands between backticks is a command: `cellcost doctor`.
  const words = text.split('`').map((part, index) => {
    return index % 2 === 1 ? element('code', {}, part) : part;
  });
  return element('div', { class: 'cc-muted' }, ...words);
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
