// @ts-check
/** The page: reads the address, asks the ledger, shows the answer. */
import { askEvents, askSpend, askWhoami, Refused } from './api.js';
import { drawChart, MOST_SERIES } from './chart.js';
import { drawChips } from './chips.js';
import { el, one } from './dom.js';
import { drawEvents } from './events.js';
import { addSteps, costOf, gather, missing, spendQuery } from './figures.js';
import { drawHealth } from './health.js';
import { follow } from './live.js';
import { change, exactMoney, grouped, money, share } from './money.js';
import { spanOf } from './periods.js';
import { addressOf, deeper, filtered, nameOf, readState, TAGS } from './state.js';
import { drawTable, inAndOut, ordered, PAGE } from './table.js';

/** @typedef {import('./state.js').State} State */
/** @typedef {import('./periods.js').Span} Span */
/** @typedef {import('./figures.js').Figures} Figures */

const FRESH_MS = 15_000;
const EMPTY_MS = 5_000;
let state = readState(location.search);
let pages = 1;
let loaded = 0;
let asking = new AbortController();
/** @type {ReturnType<typeof setTimeout> | undefined} */
let lookingAgain;

/** @param {State} next */
function go(next) {
  pages = next.by === state.by ? pages : 1;
  state = next;
  history.pushState(null, '', addressOf(next));
  void load();
}

addEventListener('popstate', () => {
  state = readState(location.search);
  pages = 1;
  void load();
});

/** @param {boolean} [quiet] Nothing is dimmed: the same question again. */
async function load(quiet = false) {
  clearTimeout(lookingAgain);
  asking.abort();
  asking = new AbortController();
  const { signal } = asking;
  const shown = state;
  const span = spanOf(shown, Date.now());
  const room = one('figures');
  if (!quiet) {
    drawChips(shown, span, go);
    room.setAttribute('aria-busy', 'true');
    follow(shown, fail, fresh);
  }
  try {
    const figures = await gather(shown, span, signal);
    if (figures.total.events === 0 && (await drawEmpty(shown, span, signal))) {
      return;
    }
    const groups = ordered(figures, shown).slice(0, pages * PAGE);
    const dear = figures.groups.slice(0, MOST_SERIES);
    await addSteps(figures, shown, span, [...new Set([...dear, ...groups].map(g => g.value))], signal);
    one('empty').hidden = true;
    one('error').hidden = true;
    room.hidden = false;
    drawSum(figures, span);
    room.setAttribute('data-by', shown.by);
    drawChart(seriesOf(figures, shown), span, `Spend a ${span.step}, ${span.words}`);
    if (shown.by === 'event') {
      await drawEvents(shown, span, signal, fail);
    } else {
      drawTable({ figures, state: shown, span, groups, go, closer: value => void closer(value, span), more });
    }
    loaded = Date.now();
    room.setAttribute('aria-busy', 'false');
    one('as-of').textContent = `As of ${new Date(loaded).toISOString().slice(11, 16)}.`;
    await Promise.all([drawUntagged(figures, shown, span, signal), drawHealth(shown, signal, fail)]);
  } catch (error) {
    if (!signal.aborted) {
      fail(error);
    }
  }
}

function more() {
  pages += 1;
  void load();
}

/** Shows what has come, not more than now and then: the sums are not for watching. */
function fresh() {
  if (state.by !== 'event' && Date.now() - loaded > FRESH_MS) {
    void load(true);
  }
}

/**
 * Looks closer: this value alone, grouped by the next tag that tells something.
 *
 * @param {string} value
 * @param {Span} span
 */
async function closer(value, span) {
  if (state.by === 'event') {
    return;
  }
  const next = filtered(state, state.by, [value]);
  const tags = deeper(next);
  try {
    const answers = await Promise.all(
      tags.map(tag => askSpend(spendQuery(next, span.since, span.until, tag)))
    );
    const useful = tags.find((_, at) => (answers[at]?.rows.length ?? 0) > 1);
    go({ ...next, by: useful ?? 'event', sort: '-spend' });
  } catch (error) {
    fail(error);
  }
}

/**
 * @param {Figures} figures
 * @param {Span} span
 */
function drawSum(figures, span) {
  const { total, before } = figures;
  const [now, then] = [costOf(total), costOf(before)];
  const figure = one('spend-total');
  const gone = missing(total);
  figure.textContent = now === null ? 'unpriced' : `${gone ? '≥ ' : ''}${money(now)}`;
  figure.title = now === null ? 'No price is known for any of it.' : exactMoney(now);
  figure.setAttribute('data-cost-nusd', now === null ? '' : String(now));
  figure.setAttribute('data-n-unpriced', String(total.n_unpriced));
  document.title = `${figure.textContent} · Where did the money go? · cellcost`;
  const note = gone ? [' ', el('small', { class: 'tag', title: `${gone.why} Not known is never nothing.` }, gone.text)] : [];
  one('spend-change').replaceChildren(...changeWords(figures, now, then, span), ...note);
  one('calls').textContent = grouped(total.calls);
  one('tokens').textContent = inAndOut(total);
}

/**
 * @param {Figures} figures
 * @param {bigint | null} now
 * @param {bigint | null} then
 * @param {Span} span
 */
function changeWords(figures, now, then, span) {
  if (figures.before.events === 0) {
    return [`nothing in ${span.beforeWords}`];
  }
  const found = now === null || then === null ? null : change(now, then);
  if (!found || then === null) {
    return [`change not known: no price in ${span.beforeWords}`];
  }
  const vague = figures.total.n_unpriced + figures.before.n_unpriced > 0 ? '≈ ' : '';
  return [
    el('span', { title: found.words }, `${vague}${found.sign}`),
    ` vs. ${span.beforeWords} (${money(then)})`
  ];
}

/**
 * The dearest groups, then all others in one.
 *
 * @param {Figures} figures
 * @param {State} shown
 */
function seriesOf(figures, shown) {
  if (shown.by === 'event') {
    return [{ name: 'all', colour: '--s1', costs: figures.slots }];
  }
  const tag = shown.by;
  const dear = figures.groups.filter(g => g.cost !== null).slice(0, MOST_SERIES);
  const series = dear.map(({ value }, at) => ({
    name: nameOf(tag, value),
    colour: value ? `--s${at + 1}` : '--none',
    costs: figures.steps.get(value) ?? figures.slots.map(() => 0n)
  }));
  if (figures.groups.length > dear.length) {
    const costs = figures.slots.map((all, at) =>
      series.reduce((left, one) => left - (one.costs[at] ?? 0n), all)
    );
    if (costs.some(cost => cost !== 0n)) {
      series.push({ name: `${figures.groups.length - dear.length} others`, colour: '--others', costs });
    }
  }
  return series;
}

/**
 * How much has no tag of its own, and how to tag it.
 *
 * @param {Figures} figures
 * @param {State} shown
 * @param {Span} span
 * @param {AbortSignal} signal
 */
async function drawUntagged(figures, shown, span, signal) {
  const tag = shown.by === 'environment' ? 'environment' : 'function';
  one('untagged-name').textContent = `without a ${tag}`;
  const hint = one('untagged-hint');
  const only = { ...shown, filters: { ...shown.filters, [tag]: [''] } };
  const named = shown.filters[tag];
  if (named && !named.includes('')) {
    one('untagged').textContent = 'filtered out';
    hint.hidden = true;
    return;
  }
  const { total } = await askSpend(spendQuery(only, span.since, span.until, ''), signal);
  const [part, whole] = [costOf(total), costOf(figures.total)];
  const known = part !== null && whole !== null;
  const link = el('a', { href: addressOf(only) }, known ? share(part, whole) : 'not known');
  link.addEventListener('click', event => {
    event.preventDefault();
    go(only);
  });
  one('untagged').replaceChildren(total.events > 0 ? link : '0 %');
  hint.hidden = total.events === 0;
  hint.replaceChildren(
    'Tag a project once: ',
    el('code', {}, `[tags] ${tag} = "…"`),
    ' in its cellcost.toml.'
  );
}

/**
 * Says why there is nothing, and what to do. False: there is something after all.
 *
 * @param {State} shown
 * @param {Span} span
 * @param {AbortSignal} signal
 */
async function drawEmpty(shown, span, signal) {
  const { events } = await askEvents(new URLSearchParams({ limit: '1' }), signal);
  const room = one('empty');
  const some = events.length > 0;
  const filters = TAGS.some(tag => shown.filters[tag]);
  const clear = el('button', { type: 'button', class: 'main' }, filters ? 'Clear the filters' : 'Show 30 days');
  clear.addEventListener('click', () => {
    go(filters ? { ...shown, filters: {} } : { ...shown, period: '30d' });
  });
  const wide = shown.period === '30d' && !filters;
  room.replaceChildren(
    ...(some
      ? [
          el('h2', {}, 'Nothing was spent here.'),
          el('p', {}, `No event of ${span.words}${filters ? ' passes the filters' : ''}. `),
          wide ? '' : clear
        ]
      : [
          el('h2', {}, 'No event has come yet.'),
          el('p', {}, 'On a machine that runs notebooks or scripts, with a key that may ingest:'),
          el('pre', {}, el('code', {}, `cellcost login ${location.origin}\ncellcost sync`)),
          el('p', { class: 'mute' }, 'Jupyter then sends by itself. This page looks again every five seconds.')
        ])
  );
  document.title = 'Where did the money go? · cellcost';
  one('figures').hidden = true;
  one('figures').setAttribute('aria-busy', 'false');
  one('error').hidden = true;
  room.hidden = false;
  loaded = 0;
  if (!some) {
    lookingAgain = setTimeout(() => void load(true), EMPTY_MS);
  }
  return true;
}

/** @param {unknown} error */
function fail(error) {
  if (error instanceof Refused && error.status === 401) {
    const next = encodeURIComponent(location.pathname + location.search);
    location.replace(`/sign-in?ended&next=${next}`);
    return;
  }
  const room = one('error');
  const told = error instanceof Refused ? `${error.message} ${error.hint}` : String(error);
  const retry = el('button', { type: 'button' }, 'Try again');
  retry.addEventListener('click', () => void load());
  room.replaceChildren(el('span', {}, told), retry);
  room.hidden = false;
}

async function drawWho() {
  const { team, teams, user } = await askWhoami();
  const reads = teams.includes('*') ? 'all teams' : teams.join(', ');
  one('whoami').textContent = [user, team].filter(Boolean).join(' · ');
  one('whoami').title = `reads ${reads}`;
}

void load();
drawWho().catch(fail);
