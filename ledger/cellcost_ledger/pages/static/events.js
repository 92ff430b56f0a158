// @ts-check
/** The last level: each event, and the lines that its cost is made of. */
import { askEvents } from './api.js';
import { el, one } from './dom.js';
import { costOf, time } from './figures.js';
import { exactMoney, money, short } from './money.js';
import { filterQuery, nameOf } from './state.js';

/** @typedef {import('./api.js').LedgerEvent} LedgerEvent */

const LIMIT = 50;
const COLUMNS = ['time', 'cost', 'model', 'for', 'where', 'tokens'];
const room = one('breakdown');

/**
 * Fills the breakdown with the newest events; a button brings the next page.
 *
 * @param {import('./state.js').State} state
 * @param {import('./periods.js').Span} span
 * @param {AbortSignal} signal
 * @param {(error: unknown) => void} failed
 */
export async function drawEvents(state, span, signal, failed) {
  const body = el('tbody');
  const more = el('button', { type: 'button', class: 'plain more', hidden: true }, 'Show older ones');
  /** @type {string | null} */
  let next = '';
  const turn = async () => {
    const query = filterQuery(state);
    query.append('since', time(span.since));
    query.append('until', time(span.until));
    query.append('limit', String(LIMIT));
    if (next) {
      query.append('cursor', next);
    }
    const page = await askEvents(query, signal);
    next = page.next;
    body.append(...page.events.flatMap(rows));
    more.hidden = next === null;
  };
  more.addEventListener('click', () => {
    turn().catch(failed);
  });
  await turn();
  room.replaceChildren(
    el(
      'div',
      { class: 'scroll' },
      el(
        'table',
        { class: 'events', 'data-cellcost': 'events' },
        el('caption', { class: 'unseen' }, `Events, ${span.words}, the newest first`),
        el('thead', {}, el('tr', {}, ...COLUMNS.map(name => el('th', { scope: 'col' }, name)))),
        body
      )
    ),
    more
  );
}

/** @param {LedgerEvent} event */
function rows(event) {
  const cost = costOf(event);
  const id = `lines-${event.installation}-${event.id}`;
  const at = new Date(event.time_us / 1000).toISOString();
  const moment = `${at.slice(0, 10)} ${at.slice(11, 19)}`;
  const open = el(
    'button',
    { type: 'button', class: 'plain', 'aria-expanded': 'false', 'aria-controls': id },
    moment
  );
  const tags = event.where.tags ?? {};
  const purpose = [event.team, tags['function'], tags['environment'], event.user];
  const missing = event.n_unpriced > 0;
  const shown =
    cost === null
      ? el('span', { class: 'unpriced' }, 'unpriced')
      : el('span', { title: exactMoney(cost) }, `${certainty(event, missing)}${money(cost)}`);
  const row = el(
    'tr',
    { 'data-cellcost': 'event-row', 'data-cost-nusd': cost === null ? undefined : String(cost) },
    el('th', { scope: 'row' }, open),
    el('td', {}, shown, event.confidence === 'partial' ? el('small', { class: 'tag' }, 'stopped early') : ''),
    el('td', { class: 'text' }, event.kind === 'llm' ? nameOf('model', event.model) : event.kind),
    el('td', { class: 'text mute' }, purpose.filter(Boolean).join(' · ')),
    el('td', { class: 'text mute' }, event.where.call_site || event.where.notebook || ''),
    el('td', { class: 'mute' }, `${short(event.input_tokens)} → ${short(event.output_tokens)}`)
  );
  const lines = el('tr', { id, class: 'lines', hidden: true }, el('td', { colspan: COLUMNS.length }));
  row.addEventListener('click', () => {
    lines.hidden = !lines.hidden;
    open.setAttribute('aria-expanded', String(!lines.hidden));
    lines.firstElementChild?.replaceChildren(linesOf(event));
  });
  return [row, lines];
}

/**
 * @param {LedgerEvent} event
 * @param {boolean} missing
 */
function certainty(event, missing) {
  if (missing || event.confidence === 'partial') {
    return '≥ ';
  }
  return event.confidence === 'estimated' ? '≈ ' : '';
}

/** @param {LedgerEvent} event */
function linesOf(event) {
  if (event.lines.length === 0) {
    return el('p', {}, 'This event has no lines: it cost nothing by itself.');
  }
  const names = ['what', 'quantity', '$ per million', 'cost'];
  return el(
    'table',
    {},
    el('thead', {}, el('tr', {}, ...names.map(name => el('th', { scope: 'col' }, name)))),
    el(
      'tbody',
      {},
      ...event.lines.map(line => {
        const cost = line.cost_nusd === null ? null : BigInt(line.cost_nusd);
        return el(
          'tr',
          { 'data-cellcost': 'event-line' },
          el('th', { scope: 'row' }, [line.meter, line.variant].filter(Boolean).join(', ')),
          el('td', {}, line.quantity.toLocaleString('en')),
          el('td', { class: 'mute' }, line.contracted_rate ?? line.list_rate ?? ''),
          el('td', {}, cost === null ? `unpriced${line.reason ? `: ${line.reason}` : ''}` : exactMoney(cost))
        );
      })
    )
  );
}
