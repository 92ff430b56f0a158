/** The cost of a cell's last runs as small bars, with the same in words. */

import { exactFigure, figure } from './certainty.js';
import { svg } from './dom.js';
import type { RunView } from './wire.js';

const RUNS = 16;
const BAR = 3;
const GAP = 1;
const HEIGHT = 12;
// A run without a known cost is an outline of this height: not zero, not a figure.
const UNKNOWN = 4;

/** Bars for the last of `runs` (oldest first), from zero; null for fewer than two. */
export function sparkline(runs: readonly RunView[]): SVGElement | null {
  const shown = runs.slice(-RUNS);
  if (shown.length < 2) {
    return null;
  }
  const most = Math.max(...shown.map(cost));
  const bars = shown.map((run, index) => {
    const place = { x: String(index * (BAR + GAP)), width: String(BAR) };
    return svg('rect', { ...place, ...look(run, most) });
  });
  const words = `Last ${shown.length} runs, oldest first: ${shown.map(figure).join(', ')}`;
  const width = shown.length * (BAR + GAP) - GAP;
  return svg(
    'svg',
    {
      class: 'cc-Spark',
      role: 'img',
      'aria-label': words,
      width: String(width),
      height: String(HEIGHT),
      viewBox: `0 0 ${width} ${HEIGHT}`
    },
    svg('title', {}, shown.map(hint).join('\n')),
    ...bars
  );
}

function look(run: RunView, most: number): Record<string, string> {
  if (run.cost_nusd === null) {
    const place = { y: String(HEIGHT - UNKNOWN), height: String(UNKNOWN) };
    return { ...place, class: 'cc-mod-unknown' };
  }
  // What cost is at least a line; what cost nothing is none.
  const height = most > 0 ? Math.max(Math.sign(cost(run)), (cost(run) / most) * HEIGHT) : 0;
  return { y: (HEIGHT - height).toFixed(1), height: height.toFixed(1) };
}

function cost(run: RunView): number {
  return Math.max(0, Number(run.cost_nusd ?? 0));
}

function hint(run: RunView): string {
  const when = run.started ? new Date(run.started).toLocaleString() : 'at an unknown time';
  return `${when}: ${exactFigure(run)}`;
}
