/** What the popover shows before a cell has run, and of edits since. */

import { element } from './dom.js';
import {
  guessedCalls,
  guessedFigure,
  guessedFlow,
  guessedModel,
  guessedRange,
  whys
} from './estimateLine.js';
import { counted, exactMoney, grouped } from './format.js';
import type { CellEstimate, Chip, EstimateRow } from './wire.js';

/** The popover's children for a cell that has not run. */
export function estimateContent(guess: CellEstimate): Node[] {
  const high = guess.high_nusd;
  const limit =
    high === null ? 'no upper limit known' : `at most ${exactMoney(BigInt(high))}`;
  const head = element(
    'div',
    { class: 'cc-Popover-head' },
    element('b', {}, `${guessedFigure(guess)} · ${guessedCalls(guess)}`),
    element('span', { class: 'cc-Popover-runs' }, `before it runs · ${limit}`)
  );
  const reasons = whys(guess).map(why =>
    element('div', { class: 'cc-Popover-note cc-muted' }, why)
  );
  return [head, table(guess), ...reasons];
}

function table({ rows, rows_left_out }: CellEstimate): HTMLElement {
  const names = ['call', 'in', 'out', 'times', 'one call'];
  const header = names.map(name => element('th', { scope: 'col' }, name));
  const body = rows.map(tableRow);
  if (rows_left_out > 0) {
    const more = `and ${counted(rows_left_out, 'more call site')}`;
    const cell = element('td', { colspan: '5', class: 'cc-muted' }, more);
    body.push(element('tr', {}, cell));
  }
  return element(
    'table',
    {},
    element('thead', {}, element('tr', {}, ...header)),
    element('tbody', {}, ...body)
  );
}

function tableRow(row: EstimateRow): HTMLTableRowElement {
  const [input = '', output = ''] = guessedFlow(row).split(' → ');
  const name = `${guessedModel(row)}, ${row.place}`;
  const times = row.calls === null ? 'n' : grouped(row.calls);
  const cells = [input, output, times, guessedRange(row)];
  return element(
    'tr',
    {},
    element('td', { title: name }, name),
    ...cells.map(text => element('td', {}, text))
  );
}

/** What an edit since the last run changed. */
export function editedNote(sentence: string): HTMLElement {
  return element(
    'div',
    { class: 'cc-Popover-note' },
    element('b', {}, 'last run'),
    ` The cell was edited since. ${sentence}`
  );
}

/** Advice in whole sentences, and how to hear no more of it in this notebook. */
export function adviceNotes(chips: readonly Chip[], onDismiss: () => void): HTMLElement[] {
  return chips.map(({ kind, text, hint }) => {
    const button = element(
      'button',
      { type: 'button', class: 'cc-Popover-fold' },
      'no more marks on large models in this notebook'
    );
    button.addEventListener('click', onDismiss);
    return element(
      'div',
      { class: `cc-Popover-note cc-mod-${kind}` },
      element('b', {}, text),
      ` ${hint} `,
      button
    );
  });
}
