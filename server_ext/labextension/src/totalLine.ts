/** What a total says: the notebook's line, the day's line, and how a total adds up. */

import { asKnown, exactFigure, figure } from './certainty.js';
import { counted, grouped, money, tokens } from './format.js';
import type { Part } from './parts.js';
import type { Journal, Meter, Today, Total } from './wire.js';

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

/** The notebook's line; null where silence is right: metered, and no call was made. */
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
  const known = (part: Total): Total => asKnown(part, meter?.journal);
  const hint = [
    ...rows.map(
      row =>
        `${figure(known(row.total))}  ${row.name} · ${counted(row.total.calls, 'call')}`
    ),
    exactFigure(known(total)),
    ...missing(total),
    ...doubts.map(doubt => `\n${doubt.hint}`)
  ];
  return {
    cost: figure(known(total)),
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
  doubts.push(...journalDoubts(meter.journal));
  return doubts;
}

/** What the journal's state means for every figure; empty while it is well. */
export function journalDoubts({ state, detail }: Journal): readonly Doubt[] {
  if (state === 'ok') {
    return [];
  }
  const hint = detail || 'Figures are kept aside until the journal is back.';
  return [{ text: 'journal trouble', hint, level: 'warn' }];
}

/** The day's line in the status bar: `$8.34 today`; null before any call. */
export function todayLine(today: Today | null): TotalLine | null {
  if (!today) {
    return null;
  }
  const { total, journal } = today;
  const doubts = journalDoubts(journal);
  const costNusd = total.cost_nusd;
  const level = doubts.length > 0 ? 'warn' : 'info';
  const words = doubts.map(doubt => doubt.text);
  const hints = doubts.map(doubt => doubt.hint);
  if (total.calls === 0 && Number(costNusd ?? 0) === 0) {
    const said = { cost: '', rest: words.join(), hint: hints.join(), costNusd, level } as const;
    return doubts.length > 0 ? said : null;
  }
  const rows = today.by_model.map(use => {
    const name = use.model || 'no model named';
    return `${figure(asKnown(use, journal))}  ${name} · ${counted(use.calls, 'call')}`;
  });
  if (total.n_unpriced > 0 && costNusd !== null) {
    words.unshift(`${grouped(total.n_unpriced)} unpriced`);
  }
  const sum = asKnown(total, journal);
  return {
    cost: figure(sum),
    rest: ['today', ...words].join(' · '),
    hint: [...rows, exactFigure(sum), ...missing(total), ...hints.map(h => `\n${h}`)].join('\n'),
    costNusd,
    level
  };
}

/** The amount alone, for a big figure; `$0` where nothing was spent, and only there. */
export function bigFigure({ total, journal }: Today): string {
  const spent = total.calls > 0 || total.cost_nusd === null;
  return spent ? figure(asKnown(total, journal)) : money(BigInt(total.cost_nusd));
}
