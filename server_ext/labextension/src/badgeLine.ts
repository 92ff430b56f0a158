/** What a badge says: the parts of its one line, in order, for one cell. */

import { exactFigure, figure } from './certainty.js';
import {
  cachedShare,
  counted,
  duration,
  elapsed,
  flow,
  grouped
} from './format.js';
import type { CellView, Chip, GpuUse, ModelUse, State } from './wire.js';

export type PartKind =
  'cost' | 'note' | 'tokens' | 'cached' | 'calls' | 'time' | 'gpu' | 'chip';

export interface Part {
  readonly kind: PartKind;
  readonly text: string;
  readonly hint?: string;
  readonly level?: Chip['kind'];
}

export interface BadgeLine {
  readonly state: State | 'estimate';
  /** True while figures count up: a call is in flight, or the cell still runs. */
  readonly live: boolean;
  /** True where the figure belongs to a run before the one that the cell shows. */
  readonly previous: boolean;
  /** What was spent; null for an estimate, which is no part of any sum. */
  readonly costNusd: string | null;
  readonly estimateNusd?: string | null;
  /** The tooltip of parts that have none of their own. */
  readonly hint?: string;
  readonly parts: readonly Part[];
  /** The whole line in words, for screen readers. */
  readonly label: string;
}

/** What the page knows of the cell beside the server's view. */
export interface Moment {
  /** The cell is executing, as the notebook sees it. */
  readonly running: boolean;
  /** The cell was run again and this view is of the run before. */
  readonly superseded: boolean;
  /** Say `previous run` in words; a run that just began only dims the line. */
  readonly sayPrevious: boolean;
  /** Seconds since the server sent this view. */
  readonly age_seconds: number;
  /** What a run of the cell as it now stands will cost, if that is not what was run. */
  readonly now?: string | undefined;
  /** What is worth a word about the source, run or not. */
  readonly advice?: readonly Chip[];
}

/** The line under `cell` at this `moment`. */
export function badgeLine(cell: CellView, moment: Moment): BadgeLine {
  const live = cell.state === 'live' || (moment.running && !moment.superseded);
  const shown: CellView = live ? { ...cell, state: 'live' } : cell;
  const said = moment.superseded && moment.sayPrevious;
  const edited = !live && !moment.superseded && moment.now !== undefined;
  const parts: Part[] = [
    { kind: 'cost', text: figure(shown), hint: costHint(cell, shown, moment) }
  ];
  if (said) {
    parts.push({
      kind: 'note',
      text: 'previous run',
      hint: 'No model call of the run after it is known.'
    });
  }
  if (edited) {
    parts.push({
      kind: 'note',
      text: 'last run',
      hint: `The cell was edited since.\n${moment.now ?? ''}`
    });
  }
  parts.push(...usageParts(cell));
  const time = timeText(cell, moment);
  if (time) {
    parts.push({ kind: 'time', text: time, hint: startedHint(cell) });
  }
  if (cell.gpu) {
    parts.push(gpuPart(cell.gpu));
  }
  parts.push(...chipParts(cell), ...(moment.advice ?? []).map(chipPart));
  return {
    state: cell.state,
    live,
    previous: moment.superseded,
    costNusd: cell.cost_nusd,
    parts,
    label: label(cell, parts)
  };
}

function usageParts(cell: CellView): Part[] {
  const { input, output, cache_read, cache_write, reasoning } = cell.tokens;
  const parts: Part[] = [];
  if (input > 0 || output > 0) {
    const cache =
      cache_read + cache_write > 0
        ? `\nof the input ${grouped(cache_read)} read from cache, ${grouped(cache_write)} written to it`
        : '';
    const thought = reasoning > 0 ? `\nof the output ${grouped(reasoning)} reasoning` : '';
    parts.push({
      kind: 'tokens',
      text: flow(input, output),
      hint: `${grouped(input)} tokens in, ${grouped(output)} out${cache}${thought}`
    });
  }
  const cached = cachedShare(cache_read, input);
  if (cached) {
    parts.push({
      kind: 'cached',
      text: cached,
      hint: `${grouped(cache_read)} of ${grouped(input)} input tokens came from a cache`
    });
  }
  if (cell.calls > 0) {
    parts.push({ kind: 'calls', text: callsText(cell), hint: callsHint(cell) });
  }
  return parts;
}

/** `20 × gpt-5-mini`, `3 × a, 1 × b`, `24 × 3 models`. */
function callsText(cell: CellView): string {
  const { models, calls, n_unpriced } = cell;
  if (models.length === 0) {
    return counted(calls, 'call');
  }
  if (models.length > 2) {
    return `${grouped(calls)} × ${models.length} models`;
  }
  return models.map(use => `${grouped(use.calls)} × ${modelName(use, n_unpriced)}`).join(', ');
}

function callsHint(cell: CellView): string {
  const rows = cell.models.map(use => {
    const by = [use.provider, use.endpoint].filter(Boolean).join(' at ');
    return `${grouped(use.calls)} × ${use.model || 'no model named'}${by ? ` (${by})` : ''}`;
  });
  if (cell.live_calls > 0) {
    rows.push(`${counted(cell.live_calls, 'call')} in flight`);
  }
  if (cell.origin_note) {
    rows.push(cell.origin_note);
  }
  return rows.join('\n');
}

/**
 * The model, and where it ran if no price list covers it: `smollm2 at 127.0.0.1`.
 * `unpriced` counts the calls without a price among those that the name stands for.
 */
export function modelName(
  use: Pick<ModelUse, 'model' | 'provider' | 'endpoint'>,
  unpriced: number
): string {
  const name = use.model || 'unnamed model';
  const host = use.endpoint.replace(/:\d+$/, '');
  const own = /^(localhost$|\[|\d+(\.\d+){3}$)/.test(host);
  const unlisted = use.provider === '' || (own && unpriced > 0);
  return unlisted && host ? `${name} at ${host}` : name;
}

function timeText(cell: CellView, moment: Moment): string {
  if (cell.live_calls > 0) {
    return elapsed(cell.duration_seconds + moment.age_seconds);
  }
  return cell.duration_seconds > 0 ? duration(cell.duration_seconds) : '';
}

function startedHint(cell: CellView): string {
  const run = `run ${cell.run_number} of this cell`;
  if (!cell.started) {
    return run;
  }
  return `${run}, started ${new Date(cell.started).toLocaleTimeString()}`;
}

function gpuPart(gpu: GpuUse): Part {
  const busy = duration(gpu.busy_ms / 1000);
  return {
    kind: 'gpu',
    text: gpuText(gpu),
    hint: `${gpu.devices.join(', ')}: ${busy} of device time, ${gpuCost(gpu)}`
  };
}

/** `H100 41 s` */
export function gpuText(gpu: GpuUse): string {
  return `${gpu.name} ${duration(gpu.busy_ms / 1000)}`;
}

/** What the device time cost, as certain as it is. */
export function gpuCost({ cost_nusd, n_unpriced }: GpuUse): string {
  const state = n_unpriced > 0 ? 'unpriced' : 'measured';
  return figure({ cost_nusd, state, n_unpriced });
}

/** The server's chips; `1 unpriced` becomes the offer to price it where that is all. */
function chipParts(cell: CellView): Part[] {
  return cell.chips.map((chip): Part => {
    if (cell.cost_nusd === null && /unpriced$/.test(chip.text)) {
      return { kind: 'note', text: 'how to price it', hint: chip.hint };
    }
    return chipPart(chip);
  });
}

/** A chip as a part of the line. */
export function chipPart({ kind, text, hint }: Chip): Part {
  return { kind: 'chip', text, hint, level: kind };
}

function costHint(cell: CellView, shown: CellView, moment: Moment): string {
  const rows = [exactFigure(shown)];
  if (moment.superseded) {
    rows.push('from the previous run: no model call of this one is known');
  }
  if (cell.n_unpriced > 0) {
    rows.push(`${counted(cell.n_unpriced, 'call')} without a known price`);
    const priced = cell.chips.find(chip => /unpriced$/.test(chip.text));
    if (priced?.hint) {
      rows.push(priced.hint);
    }
  }
  if (cell.n_partial > 0) {
    rows.push(`${counted(cell.n_partial, 'call')} stopped early`);
  }
  return rows.join('\n');
}

const SPOKEN: readonly (readonly [RegExp, string])[] = [
  [/^≈ /, 'about '],
  [/^≥ /, 'at least '],
  [/^…$/, 'cost not known yet'],
  [/ → /, ' tokens in, '],
  [/ × /g, ' calls of ']
];

function label(cell: CellView, parts: readonly Part[]): string {
  return `Cost of this cell: ${spoken(parts)}${cell.state === 'live' ? '; counting' : ''}`;
}

/** Parts in words, for screen readers. */
export function spoken(parts: readonly Part[]): string {
  const words = parts.map(part => {
    const text = SPOKEN.reduce((said, [mark, word]) => said.replace(mark, word), part.text);
    return part.kind === 'tokens' ? `${text} out` : text;
  });
  return words.join('; ');
}
