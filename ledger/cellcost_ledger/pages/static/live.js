// @ts-check
/** The last minutes, asked again every five seconds while somebody can see them. */
import { askRecent } from './api.js';
import { el, one } from './dom.js';
import { counted } from './money.js';
import { filterQuery } from './state.js';
import { briefAmount } from './table.js';

const EVERY_MS = 5_000;
const room = one('recent');

/** @type {import('./state.js').State | undefined} */
let shown;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;
/** @type {AbortController | undefined} */
let asking;
let last = -1;
/** @type {(error: unknown) => void} */
let failed = () => undefined;
/** @type {() => void} */
let came = () => undefined;

/**
 * Follows the last minutes of a state.
 *
 * @param {import('./state.js').State} state
 * @param {(error: unknown) => void} onFailed
 * @param {() => void} onCame Called when the events have become others.
 */
export function follow(state, onFailed, onCame) {
  shown = state;
  failed = onFailed;
  came = onCame;
  last = -1;
  void turn();
}

document.addEventListener('visibilitychange', () => {
  if (document.hidden) {
    clearTimeout(timer);
    asking?.abort();
  } else if (shown) {
    void turn();
  }
});

async function turn() {
  clearTimeout(timer);
  asking?.abort();
  const own = new AbortController();
  asking = own;
  if (!shown || document.hidden) {
    return;
  }
  const query = filterQuery(shown);
  query.append('minutes', '15');
  try {
    const { total } = await askRecent(query, own.signal);
    room.replaceChildren(
      el('span', { class: total.events > 0 ? 'dot on' : 'dot', 'aria-hidden': 'true' }),
      total.events > 0 ? briefAmount(total) : 'nothing',
      total.events > 0 ? el('span', { class: 'mute' }, ` · ${counted(total.calls, 'call')}`) : ''
    );
    room.setAttribute('data-cost-nusd', total.cost_nusd ?? '');
    const changed = last >= 0 && total.events !== last;
    last = total.events;
    if (changed) {
      came();
    }
  } catch (error) {
    if (own.signal.aborted) {
      return;
    }
    room.textContent = 'not known';
    failed(error);
  }
  if (asking === own && !own.signal.aborted) {
    timer = setTimeout(() => void turn(), EVERY_MS);
  }
}
