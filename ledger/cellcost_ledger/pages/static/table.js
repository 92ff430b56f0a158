// @ts-check
/** The breakdown: one row for each group, sums below, a click looks closer. */
import { el, one, svg, unseen } from './dom.js';
import { compare, costOf, missing } from './figures.js';
import { change, exactMoney, grouped, money, share, short } from './money.js';
import { addressOf, deeper, filtered, nameOf } from './state.js';

/** @typedef {import('./figures.js').Figures} Figures */
/** @typedef {import('./figures.js').Group} Group */
/** @typedef {import('./state.js').State} State */

export const PAGE = 50;
const UNUSUAL_PERCENT = 40;
/** So much more than the whole grew. */
const UNUSUAL_POINTS = 20;

const room = one('breakdown');

/** @type {Record<string, (group: Group) => bigint | number | string | null>} */
const KEYS = {
  name: group => group.value,
  spend: group => group.cost,
  change: group =>
    group.cost === null || !group.beforeCost
      ? null
      : Number(((group.cost - group.beforeCost) * 10_000n) / group.beforeCost),
  calls: group => group.sums.calls,
  tokens: group => tokensOf(group.sums)
};

/**
 * The groups in the order that the state asks for.
 *
 * @param {Figures} figures
 * @param {State} state
 */
export function ordered(figures, state) {
  const down = state.sort.startsWith('-');
  const key = KEYS[state.sort.replace('-', '')] ?? KEYS['spend'];
  return [...figures.groups].sort((a, b) => {
    const [x, y] = [key?.(a) ?? null, key?.(b) ?? null];
    const order =
      typeof x === 'string' || typeof y === 'string'
        ? String(x).localeCompare(String(y))
        : compare(x, y);
    return down ? -order : order;
  });
}

/**
 * @param {object} shown
 * @param {Figures} shown.figures
 * @param {State} shown.state
 * @param {import('./periods.js').Span} shown.span
 * @param {Group[]} shown.groups Those of the pages that are open.
 * @param {(state: State) => void} shown.go
 * @param {(value: string) => void} shown.closer
 * @param {() => void} shown.more
 */
export function drawTable({ figures, state, span, groups, go, closer, more }) {
  const body = el('tbody', {}, ...groups.map(group => row(group, figures, state, span, closer)));
  const left = figures.groups.length - groups.length;
  const next = el('button', { type: 'button', class: 'plain more' }, `Show ${Math.min(PAGE, left)} more of ${grouped(left)}`);
  next.addEventListener('click', more);
  const scroll = room.querySelector('.scroll')?.scrollLeft ?? 0;
  const focused = document.activeElement?.closest('tr')?.getAttribute('data-value');
  const sorted = document.activeElement?.getAttribute('data-sort');
  room.replaceChildren(
    el(
      'div',
      { class: 'scroll' },
      el(
        'table',
        { 'data-cellcost': 'spend-table' },
        el('caption', { class: 'unseen' }, `Spend by ${state.by}, ${span.words}`),
        head(state, span, go),
        body,
        foot(figures)
      )
    ),
    left > 0 ? next : ''
  );
  const frame = room.querySelector('.scroll');
  if (frame) {
    frame.scrollLeft = scroll;
  }
  if (focused !== null && focused !== undefined) {
    const kept = [...body.children].find(child => child.getAttribute('data-value') === focused);
    /** @type {HTMLElement | null | undefined} */ (kept?.querySelector('a'))?.focus();
  }
  if (sorted) {
    /** @type {HTMLElement | null} */ (room.querySelector(`[data-sort="${sorted}"]`))?.focus();
  }
}

/**
 * @param {State} state
 * @param {import('./periods.js').Span} span
 * @param {(state: State) => void} go
 */
function head(state, span, go) {
  const [name, down] = [state.sort.replace('-', ''), state.sort.startsWith('-')];
  const columns = /** @type {[string, string][]} */ ([
    ['name', state.by],
    ['spend', 'spend'],
    ['', 'share'],
    ['change', 'change'],
    ['calls', 'calls'],
    ['tokens', 'tokens'],
    ['', span.words]
  ]);
  return el(
    'thead',
    {},
    el(
      'tr',
      {},
      ...columns.map(([key, text]) => {
        if (!key) {
          return el('th', { scope: 'col', class: text === 'share' ? 'share' : 'trend' }, text);
        }
        const on = key === name;
        const button = el(
          'button',
          { type: 'button', 'data-sort': key },
          text,
          on ? el('span', { 'aria-hidden': 'true' }, down ? ' ↓' : ' ↑') : ''
        );
        button.addEventListener('click', () => {
          const first = key === 'name' ? 'name' : `-${key}`;
          const other = key === 'name' ? '-name' : key;
          go({ ...state, sort: state.sort === first ? other : first });
        });
        const order = on ? (down ? 'descending' : 'ascending') : 'none';
        return el('th', { scope: 'col', class: key, 'aria-sort': order }, button);
      })
    )
  );
}

/**
 * @param {Group} group
 * @param {Figures} figures
 * @param {State} state
 * @param {import('./periods.js').Span} span
 * @param {(value: string) => void} closer
 */
function row(group, figures, state, span, closer) {
  const { sums, cost } = group;
  const total = costOf(figures.total);
  const tag = /** @type {import('./state.js').Tag} */ (state.by);
  const name = nameOf(tag, group.value);
  const next = filtered({ ...state, by: deeper(state)[0] ?? 'event' }, tag, [group.value]);
  const made = el(
    'tr',
    {
      'data-cellcost': 'spend-row',
      'data-value': group.value,
      'data-cost-nusd': cost === null ? undefined : String(cost)
    },
    el(
      'th',
      { scope: 'row' },
      el('a', { href: addressOf(next), class: group.value ? '' : 'warn', title: name }, name)
    ),
    el('td', { class: 'spend' }, ...amount(sums)),
    el('td', { class: 'mute share' }, cost === null || !total ? '' : share(cost, total)),
    el('td', { class: 'mute' }, ...changed(group, figures, span)),
    el('td', { class: 'mute', title: grouped(sums.calls) }, short(sums.calls)),
    el('td', { class: 'mute', title: inAndOut(sums) }, short(tokensOf(sums))),
    el('td', { class: 'trend' }, sparkline(figures.steps.get(group.value)))
  );
  made.addEventListener('click', event => {
    const other = event.ctrlKey || event.metaKey || event.shiftKey;
    if (!other && !getSelection()?.toString()) {
      event.preventDefault();
      closer(group.value);
    }
  });
  return made;
}

/**
 * The cost with its certainty: `$12.40`, `≥ $12.40` with what is missing, `unpriced`.
 *
 * @param {import('./api.js').Sums} sums
 */
export function amount(sums) {
  const cost = costOf(sums);
  const gone = missing(sums);
  if (cost === null) {
    return [el('span', { class: 'unpriced', title: gone?.why ?? '' }, 'unpriced')];
  }
  const shown = el('span', { title: exactMoney(cost) }, money(cost));
  return gone ? [el('small', { class: 'tag', title: gone.why }, gone.text), ' ≥ ', shown] : [shown];
}

/**
 * The same in one word, where there is little room.
 *
 * @param {import('./api.js').Sums} sums
 */
export function briefAmount(sums) {
  const [last = ''] = amount(sums).slice(-1);
  const gone = missing(sums);
  const brief = el('span', {}, gone && sums.n_priced > 0 ? '≥ ' : '', last);
  if (gone) {
    brief.title = gone.text;
  }
  return brief;
}

/**
 * @param {Group} group
 * @param {Figures} figures
 * @param {import('./periods.js').Span} span
 */
function changed(group, figures, span) {
  if (!group.before || group.before.events === 0) {
    return [el('span', { title: `nothing in ${span.beforeWords}` }, 'new')];
  }
  const found = group.cost === null || group.beforeCost === null ? null : change(group.cost, group.beforeCost);
  if (!found || group.beforeCost === null || group.cost === null) {
    return [el('span', { title: 'No price was known for one of the two.' }, 'not known')];
  }
  const vague = group.sums.n_unpriced + group.before.n_unpriced > 0 ? '≈ ' : '';
  const total = costOf(figures.total) ?? 0n;
  const whole = change(total, costOf(figures.before) ?? 0n)?.percent ?? 0;
  const warn =
    group.cost * 20n >= total &&
    found.percent >= Math.max(UNUSUAL_PERCENT, whole + UNUSUAL_POINTS);
  const words = `${found.words} than ${span.beforeWords} (${money(group.beforeCost)})`;
  return [
    el(
      'span',
      { class: warn ? 'warn' : '', title: words },
      el('span', { 'aria-hidden': 'true' }, `${warn ? '▲ ' : ''}${vague}${found.sign}`),
      unseen(`${words}${warn ? ', unusual' : ''}`)
    )
  ];
}

/** @param {bigint[] | undefined} costs */
function sparkline(costs) {
  if (!costs || costs.length < 2) {
    return '';
  }
  const most = costs.reduce((high, cost) => (cost > high ? cost : high), 1n);
  const points = costs.map((cost, at) => {
    const x = (at * 88) / (costs.length - 1) + 2;
    const y = 16 - (Number((cost * 1000n) / most) / 1000) * 13;
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  });
  return svg(
    'svg',
    { width: 92, height: 18, 'aria-hidden': 'true' },
    svg('polyline', { points: points.join(' ') })
  );
}

/** @param {Figures} figures */
function foot(figures) {
  const { total, before } = figures;
  const [now, then] = [costOf(total), costOf(before)];
  const found = now === null || then === null ? null : change(now, then);
  const vague = total.n_unpriced + before.n_unpriced > 0 ? '≈ ' : '';
  return el(
    'tfoot',
    {},
    el(
      'tr',
      {},
      el('th', { scope: 'row' }, 'all'),
      el('td', { class: 'spend' }, ...amount(total)),
      el('td', { class: 'share' }, ''),
      el('td', {}, found ? `${vague}${found.sign}` : ''),
      el('td', { title: grouped(total.calls) }, short(total.calls)),
      el('td', { title: inAndOut(total) }, short(tokensOf(total))),
      el('td', { class: 'trend' }, '')
    )
  );
}

/** @param {import('./api.js').Sums} sums */
function tokensOf(sums) {
  return sums.input_tokens + sums.output_tokens;
}

/** @param {import('./api.js').Sums} sums */
export function inAndOut(sums) {
  return `${short(sums.input_tokens)} → ${short(sums.output_tokens)}`;
}
