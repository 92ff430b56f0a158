/** How a notebook's total adds up: parts as the page can show them. */

import type { Breakdown, CellView, State, Tokens, Total } from './wire.js';

/** One part of a total: a name and its figures. */
export interface Part {
  readonly name: string;
  readonly total: Total;
}

/** What is needed to split a notebook's total. */
export interface Splittable {
  readonly breakdown: Breakdown | null;
  readonly views: readonly CellView[];
  readonly present: ReadonlySet<string> | null;
}

const WORST_FIRST: readonly State[] = [
  'live',
  'unpriced',
  'partial',
  'estimated',
  'measured'
];

/**
 * The parts that add up to the notebook's total; parts without calls are left out.
 * The journal cannot know which cells were deleted, the page does: what they cost is a
 * part of its own, so that the badges add up to the first one.
 */
export function parts({ breakdown, views, present }: Splittable): readonly Part[] {
  if (!breakdown) {
    return [];
  }
  const { cells, earlier_runs, other } = breakdown;
  const rows: Part[] = [
    ...(splitCells(cells, views, present) ?? [{ name: 'cells, latest runs', total: cells }]),
    { name: 'earlier runs', total: earlier_runs },
    { name: 'other (threads, scripts)', total: other }
  ];
  return rows.filter(row => row.total.calls > 0);
}

/** `cells` by whether the notebook still has them; null where the views do not add up. */
function splitCells(
  cells: Total,
  views: readonly CellView[],
  present: ReadonlySet<string> | null
): Part[] | null {
  const gone = present ? views.filter(view => !present.has(view.cell_id)) : [];
  if (!present || gone.length === 0 || !isSame(sumOf(views), cells)) {
    return null;
  }
  return [
    {
      name: 'cells, latest runs',
      total: sumOf(views.filter(view => present.has(view.cell_id)))
    },
    { name: 'cells no longer here', total: sumOf(gone) }
  ];
}

function isSame(one: Total, other: Total): boolean {
  return (
    one.calls === other.calls &&
    BigInt(one.cost_nusd ?? 0) === BigInt(other.cost_nusd ?? 0)
  );
}

function sumOf(views: readonly CellView[]): Total {
  const sum = (value: (view: CellView) => number): number =>
    views.reduce((so_far, view) => so_far + value(view), 0);
  const sumTokens = (name: keyof Tokens): number => sum(view => view.tokens[name]);
  const known = views.reduce((nusd, view) => nusd + BigInt(view.cost_nusd ?? 0), 0n);
  const unknown = known === 0n && views.some(view => view.cost_nusd === null);
  const states = new Set(views.map(view => view.state));
  return {
    cost_nusd: unknown ? null : known.toString(),
    n_unpriced: sum(view => view.n_unpriced),
    n_partial: sum(view => view.n_partial),
    n_estimated: sum(view => view.n_estimated),
    calls: sum(view => view.calls),
    live_calls: sum(view => view.live_calls),
    tokens: {
      input: sumTokens('input'),
      output: sumTokens('output'),
      cache_read: sumTokens('cache_read'),
      cache_write: sumTokens('cache_write'),
      reasoning: sumTokens('reasoning')
    },
    gpu: {
      busy_ms: sum(view => view.gpu?.busy_ms ?? 0),
      held_ms: sum(view => view.gpu?.held_ms ?? 0)
    },
    state: WORST_FIRST.find(state => states.has(state)) ?? 'measured'
  };
}
