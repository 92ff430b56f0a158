// @ts-check
/** What the page shows, gathered from the ledger's sums. All money is whole nano-dollars. */
import { askSpend } from './api.js';
import { counted, grouped } from './money.js';
import { filterQuery } from './state.js';

/** @typedef {import('./api.js').Sums} Sums */
/**
 * @typedef {object} Group
 * @property {string} value The tag's value.
 * @property {Sums} sums
 * @property {bigint | null} cost
 * @property {Sums | undefined} before
 * @property {bigint | null} beforeCost Null: nothing was known to cost.
 */
/**
 * @typedef {object} Figures
 * @property {Group[]} groups The dearest first.
 * @property {Sums} total
 * @property {Sums} before
 * @property {bigint[]} slots The whole of each step.
 * @property {Map<string, bigint[]>} steps Of each group that has been asked for.
 */

const MOST_ROWS = 9_000;

/**
 * @param {import('./state.js').State} state
 * @param {import('./periods.js').Span} span
 * @param {AbortSignal} signal
 * @returns {Promise<Figures>}
 */
export async function gather(state, span, signal) {
  const by = state.by === 'event' ? '' : state.by;
  const now = spendQuery(state, span.since, span.until, by);
  const before = spendQuery(state, span.beforeSince, span.beforeUntil, by);
  const steps = spendQuery(state, span.since, span.until, '');
  steps.append('granularity', span.step);
  const [current, previous, whole] = await Promise.all([
    askSpend(now, signal),
    askSpend(before, signal),
    askSpend(steps, signal)
  ]);
  const old = new Map(previous.rows.map(row => [by ? (row[by] ?? '') : '', row]));
  const groups = by
    ? current.rows.map(row => {
        const value = row[by] ?? '';
        const then = old.get(value);
        return {
          value,
          sums: row,
          cost: costOf(row),
          before: then,
          beforeCost: then ? costOf(then) : null
        };
      })
    : [];
  groups.sort((a, b) => compare(b.cost, a.cost) || (a.value < b.value ? -1 : 1));
  return {
    groups,
    total: current.total,
    before: previous.total,
    slots: placed(whole.rows, span),
    steps: new Map()
  };
}

/**
 * Asks for the steps of groups that are not there yet.
 *
 * @param {Figures} figures
 * @param {import('./state.js').State} state
 * @param {import('./periods.js').Span} span
 * @param {string[]} values
 * @param {AbortSignal} signal
 */
export async function addSteps(figures, state, span, values, signal) {
  const by = state.by;
  if (by === 'event') {
    return;
  }
  const missing = values.filter(value => !figures.steps.has(value));
  const at = Math.max(1, Math.min(50, Math.floor(MOST_ROWS / span.slots.length)));
  for (let first = 0; first < missing.length; first += at) {
    const some = missing.slice(first, first + at);
    const only = { ...state, filters: { ...state.filters, [by]: some } };
    const query = spendQuery(only, span.since, span.until, by);
    query.append('granularity', span.step);
    const { rows } = await askSpend(query, signal);
    for (const value of some) {
      const own = rows.filter(row => row[by] === value);
      figures.steps.set(value, placed(own, span));
    }
  }
}

/**
 * The question for sums over a time.
 *
 * @param {import('./state.js').State} state
 * @param {number} since
 * @param {number} until
 * @param {string} by
 */
export function spendQuery(state, since, until, by) {
  const query = filterQuery(state);
  if (by) {
    query.append('group_by', by);
  }
  query.append('since', time(since));
  query.append('until', time(until));
  return query;
}

/** @param {number} at */
export function time(at) {
  return new Date(at).toISOString().replace('.000Z', 'Z');
}

/**
 * The known cost; null where nothing is known.
 *
 * @param {Pick<Sums, 'cost_nusd'>} sums
 */
export function costOf(sums) {
  return sums.cost_nusd === null ? null : BigInt(sums.cost_nusd);
}

/**
 * What has no known price, in the notebook's words: calls, not lines.
 *
 * The sums know of which events no cost at all is known. Lines beyond those are parts of
 * calls whose other parts have a price.
 *
 * @param {Pick<Sums, 'events' | 'n_priced' | 'n_unpriced'>} sums
 * @returns {{ text: string, why: string } | null} Null: nothing is missing.
 */
export function missing(sums) {
  if (sums.n_unpriced <= 0) {
    return null;
  }
  // A price that came later is a correction: what it corrects is not missing any more.
  const calls = Math.min(sums.events - sums.n_priced, sums.n_unpriced);
  const lines = `${counted(sums.n_unpriced, 'line')} without a price: \`cellcost prices\` tells which.`;
  return calls > 0
    ? { text: `${grouped(calls)} unpriced`, why: `${counted(calls, 'call')} of which no cost is known; ${lines}` }
    : { text: 'parts unpriced', why: `Parts of calls; ${lines}` };
}

/**
 * Orders costs; what is not known comes below everything.
 *
 * @param {bigint | number | null} a
 * @param {bigint | number | null} b
 */
export function compare(a, b) {
  if (a === null || b === null) {
    return a === b ? 0 : a === null ? -1 : 1;
  }
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * @param {import('./api.js').SpendRow[]} rows
 * @param {import('./periods.js').Span} span
 */
function placed(rows, span) {
  const costs = new Map(
    rows.map(row => [Date.parse(row.time ?? ''), costOf(row) ?? 0n])
  );
  return span.slots.map(slot => costs.get(slot) ?? 0n);
}
