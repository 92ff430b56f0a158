// @ts-check
/** Spend over time, stacked by group: bars, direct labels, all series under the pointer. */
import { el, one } from './dom.js';
import { exactMoney, money } from './money.js';
import { dayName, slotName } from './periods.js';

/** @typedef {uPlot} Plot */
/**
 * @typedef {object} Series
 * @property {string} name
 * @property {string} colour A custom property's name.
 * @property {bigint[]} costs
 */

/** Of groups; what is beyond is drawn as one, "other". */
export const MOST_SERIES = 8;
const HEIGHT = 236;
const LABEL = 16;

/** @type {Plot | undefined} */
let plot;
/** @type {(() => void) | undefined} */
let again;
let shownAsTable = false;

const room = one('chart');
const table = one('chart-table');
const toggle = one('chart-toggle');
const tip = el('div', { class: 'tip', hidden: true });
const labels = el('div', { class: 'labels' });
const canvas = el('div', { class: 'canvas' });
room.append(canvas, labels, tip);

toggle.addEventListener('click', () => {
  shownAsTable = !shownAsTable;
  toggle.setAttribute('aria-pressed', String(shownAsTable));
  toggle.textContent = shownAsTable ? 'Show as a chart' : 'Show as a table';
  again?.();
});
document.addEventListener('cellcost-theme', () => again?.());
new ResizeObserver(() => {
  if (plot && canvas.clientWidth !== plot.width && canvas.clientWidth > 0) {
    again?.();
  }
}).observe(room);

/**
 * @param {Series[]} series The first lies at the bottom.
 * @param {import('./periods.js').Span} span
 * @param {string} title
 */
export function drawChart(series, span, title) {
  again = () => {
    room.hidden = shownAsTable;
    table.hidden = !shownAsTable;
    if (shownAsTable) {
      table.replaceChildren(numbers(series, span, title));
    } else {
      draw(series, span, title);
    }
  };
  again();
}

/**
 * @param {Series[]} series
 * @param {import('./periods.js').Span} span
 * @param {string} title
 */
function draw(series, span, title) {
  plot?.destroy();
  room.setAttribute('aria-label', `${title}. Choose "Show as a table" for its figures.`);
  const narrow = room.clientWidth < 560;
  room.classList.toggle('narrow', narrow);
  // Each series is drawn from zero up to the sum of those below it: the highest first.
  /** @type {(number | null)[][]} */
  const stacked = [];
  let below = span.slots.map(() => 0n);
  for (const { costs } of series) {
    below = below.map((sum, at) => sum + (costs[at] ?? 0n));
    stacked.push(below.map((sum, at) => (costs[at] ? dollars(sum) : null)));
  }
  const line = resolved('--line');
  const axis = {
    stroke: resolved('--faint'),
    font: '11px system-ui, sans-serif',
    ticks: { show: false },
    grid: { show: false }
  };
  const n = span.slots.length;
  plot = new uPlot(
    {
      width: Math.max(canvas.clientWidth, 200),
      height: HEIGHT,
      padding: [10, narrow ? 20 : 6, 0, 0],
      legend: { show: false },
      cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
      scales: {
        x: { time: false, range: [-0.6, n - 0.4] },
        y: { range: (_, __, most) => [0, most > 0 ? most * 1.05 : 1] }
      },
      axes: [
        {
          ...axis,
          size: 26,
          splits: () => ticks(n, narrow ? 4 : 8),
          values: (_, places) => places.map(at => slotShort(span, at))
        },
        {
          ...axis,
          size: 52,
          gap: 6,
          grid: { show: true, stroke: line, width: 1 },
          space: 50,
          values: (_, places) => places.map(value => tick(value))
        }
      ],
      series: [
        {},
        ...series
          .map(({ name, colour }) => ({
            label: name,
            fill: resolved(colour),
            stroke: resolved('--bg'),
            width: n > 40 ? 0.5 : 1,
            points: { show: false },
            paths: uPlot.paths.bars({ size: [0.88, 64] })
          }))
          .reverse()
      ],
      hooks: {
        ready: [
          () => {
            label(series, span.slots.length - 1, narrow);
          }
        ],
        setCursor: [
          self => {
            hover(self, series, span);
          }
        ]
      }
    },
    [span.slots.map((_, at) => at), ...stacked.reverse()],
    canvas
  );
}

/**
 * Names beside the last bar, each as near to its part as it fits.
 *
 * @param {Series[]} series
 * @param {number} last
 * @param {boolean} narrow
 */
function label(series, last, narrow) {
  labels.replaceChildren();
  let under = 0n;
  const known = series.map(({ name, colour, costs }) => {
    const mark = el('i', { 'aria-hidden': 'true' });
    mark.style.background = `var(${colour})`;
    const middle = dollars(under) + dollars(costs[last] ?? 0n) / 2;
    under += costs[last] ?? 0n;
    const made = el('span', { title: name }, mark, name);
    return { made, y: plot?.valToPos(middle, 'y') ?? 0 };
  });
  labels.append(...known.map(({ made }) => made).reverse());
  if (narrow) {
    return;
  }
  // From the bottom up, each at least a line above the one before.
  let lowest = HEIGHT - 34;
  const places = known.map(({ y }) => {
    lowest = Math.min(y, lowest) - LABEL;
    return lowest + LABEL;
  });
  const over = Math.max(0, 8 - (places.at(-1) ?? 8));
  known.forEach(({ made }, at) => {
    made.style.top = `${(places[at] ?? 0) + over}px`;
  });
}

/**
 * @param {Plot} self
 * @param {Series[]} series
 * @param {import('./periods.js').Span} span
 */
function hover(self, series, span) {
  const at = self.cursor.idx;
  const slot = at === null || at === undefined ? undefined : span.slots[at];
  if (slot === undefined || at === null || at === undefined || (self.cursor.left ?? -1) < 0) {
    tip.hidden = true;
    return;
  }
  const costs = series.map(one => one.costs[at] ?? 0n);
  const all = costs.reduce((sum, cost) => sum + cost, 0n);
  const last = span.open && at === span.slots.length - 1 ? ' (so far)' : '';
  tip.replaceChildren(
    el('b', {}, slotName(slot, span.step) + last),
    ...series
      .map(({ name, colour }, place) => {
        const mark = el('i', { 'aria-hidden': 'true' });
        mark.style.background = `var(${colour})`;
        return el('div', {}, mark, el('span', {}, name), el('span', {}, money(costs[place] ?? 0n)));
      })
      .reverse(),
    el('div', { class: 'all' }, el('span', {}, 'all'), el('span', {}, money(all)))
  );
  tip.hidden = false;
  const x = self.valToPos(at, 'x') + self.over.offsetLeft;
  const left = x > canvas.clientWidth / 2 ? x - tip.offsetWidth - 18 : x + 18;
  tip.style.transform = `translate(${Math.max(0, Math.round(left))}px, 4px)`;
}

/**
 * @param {Series[]} series
 * @param {import('./periods.js').Span} span
 * @param {string} title
 */
function numbers(series, span, title) {
  const head = [span.step, ...series.map(({ name }) => name), 'all'];
  const rows = span.slots.map((slot, at) => {
    const costs = series.map(({ costs: all }) => all[at] ?? 0n);
    costs.push(costs.reduce((sum, cost) => sum + cost, 0n));
    return el(
      'tr',
      {},
      el('th', { scope: 'row' }, slotName(slot, span.step)),
      ...costs.map(cost => el('td', { title: exactMoney(cost) }, money(cost)))
    );
  });
  return el(
    'table',
    {},
    el('caption', { class: 'unseen' }, title),
    el('thead', {}, el('tr', {}, ...head.map(text => el('th', { scope: 'col' }, text)))),
    el('tbody', {}, ...rows)
  );
}

/**
 * @param {number} n
 * @param {number} most
 */
function ticks(n, most) {
  const every = Math.max(1, Math.ceil(n / most));
  const found = [];
  for (let at = (n - 1) % every; at < n; at += every) {
    found.push(at);
  }
  return found;
}

/**
 * @param {import('./periods.js').Span} span
 * @param {number} at
 */
function slotShort(span, at) {
  const slot = span.slots[at];
  if (slot === undefined) {
    return '';
  }
  return span.step === 'hour' ? new Date(slot).toISOString().slice(11, 16) : dayName(slot);
}

/** @param {number} value */
function tick(value) {
  if (value === 0) {
    return '0';
  }
  const text = money(BigInt(Math.round(value * 1e9)));
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

/** @param {bigint} cost */
function dollars(cost) {
  return Number(cost) / 1e9;
}

/**
 * The colour that a custom property is now, for the canvas.
 *
 * @param {string} name
 */
function resolved(name) {
  const probe = el('span');
  probe.style.color = `var(${name})`;
  room.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
}
