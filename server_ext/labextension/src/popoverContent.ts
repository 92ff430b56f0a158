/** What the popover shows: figure, token bar, calls, reasons, other models, tags. */

import { gpuCost, gpuText, modelName } from './badgeLine.js';
import { exactFigure, figure } from './certainty.js';
import { element } from './dom.js';
import { counted, duration, grouped, tokens } from './format.js';
import { sparkline } from './sparkline.js';
import type { CallGroup, CallView, CellDetail, GpuUse, Tokens } from './wire.js';

const CALLS_SHOWN = 50;

/** The popover's children for `detail`; `unfolded` lists call by call. */
export function popoverContent(
  detail: CellDetail,
  unfolded: boolean,
  onUnfold: () => void
): Node[] {
  const { calls, groups } = detail;
  const nodes: Node[] = [head(detail), ...tokenBar(detail.cell.tokens)];
  if (calls.length > 0) {
    nodes.push(unfolded ? callsTable(calls) : groupsTable(groups));
  }
  if (calls.length > groups.length) {
    const words = unfolded ? 'fold alike calls' : `show all ${counted(calls.length, 'call')}`;
    const button = element('button', { type: 'button', class: 'cc-Popover-fold' }, words);
    button.addEventListener('click', onUnfold);
    nodes.push(button);
  }
  if (detail.cell.gpu) {
    nodes.push(gpuTable(detail.cell.gpu));
  }
  nodes.push(...reasons(detail), ...alternatives(detail), ...footer(detail));
  return nodes;
}

function head({ cell, runs }: CellDetail): HTMLElement {
  const used = [
    cell.calls > 0 || !cell.gpu ? counted(cell.calls, 'call') : '',
    cell.gpu ? gpuText(cell.gpu) : ''
  ];
  const words = [figure(cell), ...used].filter(Boolean).join(' · ');
  const previous = runs[runs.findIndex(run => run.run_id === cell.run_id) - 1];
  const before = previous ? ` · previous run ${figure(previous)}` : '';
  const run = element('span', {}, `run ${cell.run_number} of this cell${before}`);
  const spark = sparkline(runs);
  return element(
    'div',
    { class: 'cc-Popover-head' },
    element('b', { title: exactFigure(cell) }, words),
    element('span', { class: 'cc-Popover-runs' }, run, ...(spark ? [spark] : []))
  );
}

/** The token classes of one usage, in the order of the bar; empty ones are left out. */
export function tokenClasses(
  used: Tokens
): readonly { readonly name: string; readonly count: number }[] {
  const { input, output, cache_read, cache_write, reasoning } = used;
  return [
    { name: 'input', count: Math.max(0, input - cache_read - cache_write) },
    { name: 'cached', count: cache_read },
    { name: 'cache write', count: cache_write },
    { name: 'output', count: Math.max(0, output - reasoning) },
    { name: 'reasoning', count: reasoning }
  ].filter(part => part.count > 0);
}

function tokenBar(used: Tokens): Node[] {
  const classes = tokenClasses(used);
  if (classes.length === 0) {
    return [];
  }
  const bar = element('div', { class: 'cc-Stack', 'aria-hidden': 'true' });
  const labels = element('div', { class: 'cc-Stack-labels' });
  for (const { name, count } of classes) {
    const kind = `cc-Stack-${name.replace(' ', '-')}`;
    const part = element('span', { class: kind });
    part.style.flexGrow = String(count);
    bar.append(part);
    labels.append(
      element(
        'span',
        { title: `${grouped(count)} tokens` },
        element('i', { class: kind, 'aria-hidden': 'true' }),
        `${name} ${tokens(count)}`
      )
    );
  }
  return [bar, labels];
}

interface Row {
  readonly label: string;
  readonly hint: string;
  readonly figures: CallGroup | CallView;
}

function groupsTable(groups: readonly CallGroup[]): HTMLElement {
  return table(groups.map(group => ({ label: group.label, hint: '', figures: group })));
}

function callsTable(calls: readonly CallView[]): HTMLElement {
  const rows = calls.slice(0, CALLS_SHOWN).map(call => ({
    label: [modelName(call, Number(call.state === 'unpriced')), call.note]
      .filter(Boolean)
      .join(', '),
    hint: [call.operation, call.endpoint, call.call_site].filter(Boolean).join('\n'),
    figures: call
  }));
  const node = table(rows);
  if (calls.length > CALLS_SHOWN) {
    const more = `and ${counted(calls.length - CALLS_SHOWN, 'more call')}`;
    const cell = element('td', { colspan: '6', class: 'cc-muted' }, more);
    node.append(element('tr', {}, cell));
  }
  return node;
}

function table(rows: readonly Row[]): HTMLTableElement {
  const names = ['call', 'in', 'cached', 'out', 'time', 'cost'];
  const header = names.map(name => element('th', { scope: 'col' }, name));
  const body = rows.map(({ label, hint, figures }) => {
    const first = element('td', { title: hint || label }, label);
    const cells = [
      tokens(figures.input),
      tokens(figures.cache_read),
      tokens(figures.output),
      figures.state === 'live' ? 'running' : duration(figures.duration_seconds),
      figure(asFigure(figures))
    ];
    return element('tr', {}, first, ...cells.map(text => element('td', {}, text)));
  });
  return element(
    'table',
    {},
    element('thead', {}, element('tr', {}, ...header)),
    element('tbody', {}, ...body)
  );
}

function gpuTable(gpu: GpuUse): HTMLTableElement {
  const header = ['GPU', 'busy', 'cost'].map(name => element('th', { scope: 'col' }, name));
  const figures = [duration(gpu.busy_ms / 1000), gpuCost(gpu)];
  const cells = [gpu.devices.join(', '), ...figures].map(text => element('td', {}, text));
  return element(
    'table',
    {},
    element('thead', {}, element('tr', {}, ...header)),
    element('tbody', {}, element('tr', {}, ...cells))
  );
}

function asFigure(row: CallGroup | CallView): Parameters<typeof figure>[0] {
  return {
    cost_nusd: row.cost_nusd,
    state: row.state,
    n_unpriced: row.state === 'unpriced' ? 1 : 0
  };
}

/** What is unusual, in whole sentences: why unpriced, why partial, and the fix. */
function reasons({ cell }: CellDetail): Node[] {
  const told = cell.chips.filter(chip => chip.hint);
  const notes = told.map(chip => {
    const [sentence = '', ...fix] = chip.hint.split('\n');
    const note = element(
      'div',
      { class: `cc-Popover-note cc-mod-${chip.kind}` },
      element('b', {}, chip.text),
      ` ${sentence}`
    );
    const code = fix.join('\n').trim();
    if (code) {
      note.append(element('pre', {}, code));
    }
    return note;
  });
  if (cell.origin_note) {
    notes.push(element('div', { class: 'cc-Popover-note' }, `Counts ${cell.origin_note}.`));
  }
  return notes;
}

function alternatives({ alternatives: others }: CellDetail): Node[] {
  if (others.length === 0) {
    return [];
  }
  const list = others.flatMap(({ model, cost_nusd }, index) => {
    const known = { cost_nusd, state: 'measured', n_unpriced: 0 } as const;
    const comma = index < others.length - 1 ? ',' : '';
    return [' ', element('span', {}, `${model} ${figure(known)}${comma}`)];
  });
  return [element('div', { class: 'cc-Popover-others' }, 'Same tokens on', ...list)];
}

/** A call site as people say it: `line 4`, `summarise, line 12`, `tools.py, line 3`. */
export function place(callSite: string): string {
  const match = /^(.*?):([^:]*):(\d+)$/.exec(callSite);
  if (!match) {
    return callSite;
  }
  const [, file = '', name = '', line = ''] = match;
  const parts = [file === 'cell' ? '' : file.replace(/^.*[\\/]/, '')];
  parts.push(name === '<module>' ? '' : name, `line ${line}`);
  return parts.filter(Boolean).join(', ');
}

function footer({ calls, tags }: CellDetail): Node[] {
  const words = Object.entries(tags).map(([name, value]) => `${name}:${value}`);
  const sites = new Set(calls.map(call => place(call.call_site)));
  sites.delete('');
  if (sites.size > 0) {
    const [first = ''] = sites;
    words.push(sites.size === 1 ? `called in ${first}` : `called in ${sites.size} places`);
  }
  if (words.length === 0) {
    return [];
  }
  const hint = [...sites].join('\n');
  return [element('div', { class: 'cc-Popover-tags', title: hint }, words.join(' · '))];
}
