/** Views for the unit tests, shaped as the server sends them. */

import type { CellEstimate, CellView, EstimateRow, Today, Total } from '../wire.js';

export const TOKENS = {
  input: 18_400,
  output: 2_100,
  cache_read: 7_360,
  cache_write: 0,
  reasoning: 500
};

/** A measured run of twenty calls, with `changes`. */
export function cell(changes: Partial<CellView> = {}): CellView {
  return {
    cell_id: 'c1',
    run_id: 'r1',
    source_hash: 'h1',
    state: 'measured',
    cost_nusd: '13245120',
    n_unpriced: 0,
    n_partial: 0,
    n_estimated: 0,
    calls: 20,
    live_calls: 0,
    failed_calls: 0,
    tokens: TOKENS,
    models: [
      { model: 'gpt-5-mini', provider: 'openai', endpoint: 'api.openai.com', calls: 20 }
    ],
    started: '2026-11-24T09:00:00+00:00',
    duration_seconds: 9.8,
    run_number: 3,
    chips: [],
    gpu: null,
    origin_note: '',
    ...changes
  };
}

/** A measured total, with `changes`. */
export function total(changes: Partial<Total> = {}): Total {
  return {
    cost_nusd: '566000000',
    n_unpriced: 0,
    n_partial: 0,
    n_estimated: 0,
    calls: 20,
    live_calls: 0,
    tokens: { ...TOKENS, input: 120_000, output: 13_000 },
    gpu: { busy_ms: 0, held_ms: 0 },
    state: 'measured',
    ...changes
  };
}

/** A day with nothing but its total, with `changes`. */
export function today(changes: Partial<Today> = {}): Today {
  return {
    day: '2026-11-24',
    total: total(),
    by_model: [],
    now: [],
    journal: { state: 'ok', detail: '' },
    gpu: [],
    guard: null,
    ledger: null,
    ...changes
  };
}

/** One call site of one call, with `changes`. */
export function estimateRow(changes: Partial<EstimateRow> = {}): EstimateRow {
  return {
    place: 'line 2',
    model: 'gpt-5-mini',
    calls: 1,
    input_tokens: 1_200,
    input_open: false,
    output_tokens: 400,
    output_high: 1_000,
    typical_nusd: '1100000',
    low_nusd: '300000',
    high_nusd: '2300000',
    reasons: [],
    ...changes
  };
}

/** A cell that will make one call, with `changes`. */
export function estimate(changes: Partial<CellEstimate> = {}): CellEstimate {
  return {
    typical_nusd: '1100000',
    typical_low_nusd: null,
    high_nusd: '2300000',
    n_unpriced: 0,
    calls: 1,
    input_tokens: 1_200,
    input_open: false,
    output_tokens: 400,
    models: [{ model: 'gpt-5-mini', provider: 'openai', calls: 1 }],
    rows: [estimateRow()],
    rows_left_out: 0,
    chips: [],
    basis: 'b1',
    ...changes
  };
}
