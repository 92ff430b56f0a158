/** What a badge says before its cell has run, in the parts that its figures will take. */

import { type BadgeLine, chipPart, type Part, spoken } from './badgeLine.js';
import { counted, exactMoney, grouped, money, tokens } from './format.js';
import type { CellEstimate, Chip, EstimateRow, ModelGuess } from './wire.js';

// What is guessed is not shown to three digits.
const DIGITS = 2;

type Guessed = Pick<CellEstimate, 'input_tokens' | 'input_open' | 'output_tokens'>;

/** The line under a cell that has not run; `chips` are those not dismissed. */
export function estimateLine(guess: CellEstimate, chips: readonly Chip[]): BadgeLine {
  const parts: Part[] = [{ kind: 'cost', text: guessedFigure(guess) }];
  const flow = guessedFlow(guess);
  if (flow) {
    parts.push({ kind: 'tokens', text: flow });
  }
  parts.push({ kind: 'calls', text: guessedCalls(guess) });
  if (guess.typical_nusd !== null && guess.n_unpriced > 0) {
    parts.push({ kind: 'note', text: `${grouped(guess.n_unpriced)} unpriced` });
  }
  parts.push(...chips.map(chipPart));
  return {
    state: 'estimate',
    live: false,
    previous: false,
    costNusd: null,
    estimateNusd: guess.typical_nusd,
    hint: estimateHint(guess),
    parts,
    label: `Before this cell runs: ${spoken(parts)}`
  };
}

/** The figure with its certainty: `≈ $0.013`; `≥` where a call has no price. */
export function guessedFigure(guess: CellEstimate): string {
  if (guess.typical_nusd === null) {
    return guess.models.some(use => use.model) ? 'unpriced' : 'unknown';
  }
  const low = guess.typical_low_nusd ?? guess.typical_nusd;
  return guess.n_unpriced > 0
    ? `≥ ${money(BigInt(low), DIGITS)}`
    : about(low, guess.typical_nusd);
}

/** `≈ $0.013`, and `≈ $0.010–0.030` where the ends read differently. */
function about(low: string, high: string): string {
  const [from, to] = [money(BigInt(low), DIGITS), money(BigInt(high), DIGITS)];
  if (from === to) {
    return from.startsWith('<') ? from : `≈ ${from}`;
  }
  return `≈ ${from}–${to.replace('$', '')}`;
}

/**
 * Tokens in and out: `1.2k → 400`, `1.2k+ → 400` where more of the prompt comes at run
 * time, `? → 400` where all of it does; "" where no tokens are billed.
 */
export function guessedFlow({ input_tokens, input_open, output_tokens }: Guessed): string {
  if (input_tokens === 0 && output_tokens === 0) {
    return '';
  }
  const known = input_tokens > 0 || !input_open;
  const input = known ? `${tokens(input_tokens)}${input_open ? '+' : ''}` : '?';
  return `${input} → ${tokens(output_tokens)}`;
}

/** `100 × gpt-5-mini`, `n × gpt-5-mini` in a loop of unknown length, `3 × 3 models`. */
export function guessedCalls({ calls, models }: CellEstimate): string {
  if (models.every(use => !use.model)) {
    return calls === null ? 'n calls' : counted(calls, 'call');
  }
  if (models.length > 2) {
    return `${times(calls)} × ${models.length} models`;
  }
  return models.map(use => `${times(use.calls)} × ${guessedModel(use)}`).join(', ');
}

/** The model's name, or that the source does not tell it. */
export function guessedModel(use: Pick<ModelGuess, 'model'>): string {
  return use.model || 'unnamed model';
}

function times(calls: number | null): string {
  return calls === null ? 'n' : grouped(calls);
}

/** One call: its range, `≈ $0.00030–0.0023`; `≈ $0.0011` where nothing limits it. */
export function guessedRange(row: EstimateRow): string {
  if (row.typical_nusd === null || row.low_nusd === null) {
    return row.model ? 'unpriced' : 'unknown';
  }
  return row.high_nusd === null
    ? about(row.typical_nusd, row.typical_nusd)
    : about(row.low_nusd, row.high_nusd);
}

/** What a cell would cost as it stands: `As it stands: ≈ $0.013 · 1 × gpt-5-mini`. */
export function estimateSentence(guess: CellEstimate | null): string {
  const said = guess
    ? `${guessedFigure(guess)} · ${guessedCalls(guess)}`
    : 'no model call is found';
  return `As it stands: ${said}`;
}

/** The whole estimate in words: model, range, and why it is no narrower. */
export function estimateHint(guess: CellEstimate): string {
  const rows = ['Before it runs, from the source:'];
  if (guess.typical_nusd === null) {
    rows.push(guessedFigure(guess) === 'unpriced' ? 'no price known' : 'model not known');
  } else {
    const turn = guess.calls === null ? ' for one turn of the loop' : '';
    rows.push(`about ${exactMoney(BigInt(guess.typical_nusd))}${turn}, ${answers(guess)}`);
    const high = guess.high_nusd;
    rows.push(high === null ? 'no upper limit known' : `at most ${exactMoney(BigInt(high))}`);
  }
  rows.push(guessedCalls(guess), ...whys(guess));
  return rows.join('\n');
}

function answers({ rows, output_tokens }: CellEstimate): string {
  const lengths = new Set(rows.map(row => row.output_tokens));
  const [one] = lengths;
  return lengths.size === 1 && one
    ? `with answers of ${grouped(one)} tokens`
    : `with ${grouped(output_tokens)} tokens of answers`;
}

/** Every reason once, why the range is no narrower. */
export function whys({ rows }: CellEstimate): readonly string[] {
  return [...new Set(rows.flatMap(row => row.reasons))];
}
