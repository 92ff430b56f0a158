/** What a total says: the notebook's line, the day's line, and how a total adds up. */

import { exactFigure, figure } from './certainty.js';
import { counted, grouped, money, tokens } from './format.js';
import type { Part } from './parts.js';
import type { Meter, Today, Total } from './wire.js';

/** A figure, the words after it, and the tooltip. */
export interface TotalLine {
  readonly cost: string;
  readonly rest: string;
  readonly hint: string;
  readonly costNusd: string | null;
  readonly level: 'info' | 'warn';
}

const NOT_METERED =
  'The kernel runs without cellcost, so its calls are not counted.\n' +
  "Install cellcost in the kernel's environment and restart the kernel.";

/** The notebook's line and its parts; null where silence is right: metered, and no call was made. */
export function notebookLine(
  total: Total | null,
  rows: readonly Part[],
  meter: Meter | null
): TotalLine | null {
  const doubts = meter ? meterDoubts(meter) : [];
  if (!total || total.calls === 0) {
    const first = doubts[0];
    return first
      ? {
          cost: '',
          rest: doubts.map(doubt => doubt.text).join(' · '),
          hint: doubts.map(doubt => doubt.hint).join('\n\n'),
          costNusd: null,
          level: first.level
        }
      : null;
  }
  const words = ['this notebook'];
  const count = total.tokens.input + total.tokens.output;
  if (count > 0) {
    words.push(`${tokens(count)} tokens`);
  }
  if (total.n_unpriced > 0 && total.cost_nusd !== null) {
    words.push(`${grouped(total.n_unpriced)} unpriced`);
  }
  words.push(...doubts.map(doubt => doubt.text));
  const hint = [
    ...rows.map(
      row => `${figure(row.total)}  ${row.name} · ${counted(row.total.calls, 'call')}`
    ),
    exactFigure(total),
    ...missing(total),
    ...doubts.map(doubt => `\n${doubt.hint}`)
  ];
  return {
    cost: figure(total),
    rest: words.join(' · '),
    hint: hint.join('\n'),
    costNusd: total.cost_nusd,
    level: doubts.some(doubt => doubt.level === 'warn') ? 'warn' : 'info'
  };
}

function missing(total: Total): string[] {
  const rows: string[] = [];
  if (total.n_unpriced > 0) {
    rows.push(`${counted(total.n_unpriced, 'call')} without a known price`);
  }
  if (total.n_partial > 0) {
    rows.push(`${counted(total.n_partial, 'call')} stopped early`);
  }
  if (total.live_calls > 0) {
    rows.push(`${counted(total.live_calls, 'call')} in flight`);
  }
  return rows;
}

/** Something that a figure cannot include, and what to do about it. */
export interface Doubt {
  readonly text: string;
  readonly hint: string;
  readonly level: 'info' | 'warn';
}

/** What this kernel's meter misses, in the words of every view. */
export function meterDoubts(meter: Meter): readonly Doubt[] {
  const doubts: Doubt[] = [];
  if (meter.state === 'not_metered') {
    doubts.push({ text: 'not metered', hint: meter.detail || NOT_METERED, level: 'warn' });
  }
  for (const { stack, reason } of meter.not_captured) {
    doubts.push({
      text: `${stack} not captured`,
      hint: `Calls through ${stack} are not counted: ${reason}`,
      level: 'warn'
    });
  }
  if (meter.journal.state !== 'ok') {
    doubts.push({
      text: 'journal trouble',
      hint: meter.journal.detail || 'Figures are kept aside until the journal is back.',
      level: 'warn'
    });
  }
  return doubts;
}

/** The day's line in the status bar: `$8.34 today`; null before any call. */
export function todayLine(today: Today | null): TotalLine | null {
  if (!today || (today.total.calls === 0 && Number(today.total.cost_nusd ?? 0) === 0)) {
    return null;
  }
  const { total } = today;
  const rows = today.by_model.map(
    use => `${figure(use)}  ${use.model || 'no model named'} · ${counted(use.calls, 'call')}`
  );
  const unpriced = total.n_unpriced > 0 && total.cost_nusd !== null;
  return {
    cost: figure(total),
    rest: unpriced ? `today · ${grouped(total.n_unpriced)} unpriced` : 'today',
    hint: [...rows, exactFigure(total), ...missing(total)].join('\n'),
    costNusd: total.cost_nusd,
    level: 'info'
  };
}

/** The amount alone, for a big figure; `$0` where nothing was spent. */
export function bigFigure(total: Total): string {
  return total.calls === 0 ? money(BigInt(total.cost_nusd ?? 0)) : figure(total);
}
