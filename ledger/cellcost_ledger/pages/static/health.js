// @ts-check
/** Sync health: whether each journal comes, and comes whole. */
import { askInstallations } from './api.js';
import { el, one } from './dom.js';
import { counted, grouped, short } from './money.js';
import { ago } from './periods.js';

/** @typedef {import('./api.js').Installation} Installation */

const LIMIT = 6;
const SILENT_HOURS = 48;
const room = one('health');

/**
 * @param {import('./state.js').State} state
 * @param {AbortSignal} signal
 * @param {(error: unknown) => void} failed
 */
export async function drawHealth(state, signal, failed) {
  const list = el('ul', { class: 'health' });
  const more = el('button', { type: 'button', class: 'plain more', hidden: true }, 'Show more');
  /** @type {string | null} */
  let next = '';
  const turn = async () => {
    const query = new URLSearchParams({ limit: String(LIMIT) });
    for (const tag of /** @type {const} */ (['team', 'installation'])) {
      for (const value of state.filters[tag] ?? []) {
        query.append(tag, value);
      }
    }
    if (next) {
      query.append('cursor', next);
    }
    const page = await askInstallations(query, signal);
    next = page.next;
    list.append(...page.installations.map(item));
    more.hidden = next === null;
  };
  more.addEventListener('click', () => {
    turn().catch(failed);
  });
  await turn();
  const none = el('p', { class: 'mute' }, 'No installation writes for these teams yet.');
  room.replaceChildren(
    el('h2', {}, 'Sync health'),
    list.childElementCount > 0 ? list : none,
    more,
    el(
      'p',
      { class: 'hint' },
      'Kernels without the meter: not known here; ',
      el('code', {}, 'cellcost doctor'),
      ' tells on their machine.'
    )
  );
}

/** @param {Installation} found */
function item(found) {
  const now = Date.now();
  const seen = found.last_seen_us / 1000;
  const silent = now - seen > SILENT_HOURS * 3_600_000;
  const marks = [];
  if (found.forked) {
    marks.push(['forked', 'Two machines wrote with one journal. Both count; new events get a new installation.']);
  }
  if (found.gaps > 0) {
    marks.push([
      `${grouped(found.gaps)} missing`,
      `${counted(found.gaps, 'event')} below ${grouped(found.highest_seq)} have not come; they may still come.`
    ]);
  }
  if (found.clock_off) {
    marks.push(['wrong clock', 'Events of it say that they happened at another time than they can have.']);
  }
  if (silent) {
    marks.push(['silent', `Nothing came for more than ${SILENT_HOURS} hours.`]);
  }
  return el(
    'li',
    { 'data-cellcost': 'installation', 'data-installation': found.installation },
    el('b', { title: found.installation }, found.installation),
    el('span', { class: 'mute', title: new Date(seen).toISOString() }, ago(seen, now)),
    el(
      'span',
      { class: 'mute' },
      `${found.team} · ${found.client || 'client not known'} · ${short(found.highest_seq)} events`
    ),
    el(
      'span',
      {},
      ...marks.map(([text, title]) => el('small', { class: 'tag', title }, text ?? '')),
      marks.length === 0 ? el('span', { class: 'mute' }, 'whole') : ''
    )
  );
}
