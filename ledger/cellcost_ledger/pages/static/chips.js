// @ts-check
/** The chips above the figures: the time, the grouping, the filters, the file. */
import { askSpend } from './api.js';
import { el, one } from './dom.js';
import { costOf, spendQuery } from './figures.js';
import { money } from './money.js';
import { filtered, nameOf, PERIODS, TAGS } from './state.js';

/** @typedef {import('./state.js').State} State */
/** @typedef {import('./state.js').Tag} Tag */
/** @typedef {import('./periods.js').Span} Span */

const MOST_SHOWN = 200;
const room = one('chips');

document.addEventListener('click', event => {
  const inside = event.target instanceof Element ? event.target.closest('details') : null;
  for (const open of room.querySelectorAll('details[open]')) {
    if (open !== inside) {
      open.removeAttribute('open');
    }
  }
});
room.addEventListener('keydown', event => {
  const open = event.target instanceof Element ? event.target.closest('details[open]') : null;
  if (event.key === 'Escape' && open) {
    open.removeAttribute('open');
    open.querySelector('summary')?.focus();
  }
});

/**
 * @param {State} state
 * @param {Span} span
 * @param {(state: State) => void} go
 */
export function drawChips(state, span, go) {
  const focused = document.activeElement?.getAttribute('data-chip');
  const set = TAGS.filter(tag => state.filters[tag]);
  room.replaceChildren(
    periodChip(state, go),
    ...(state.period === 'custom' ? daysChip(state, go) : []),
    byChip(state, go),
    ...set.map(tag => filterChip(state, span, tag, go)),
    moreChip(state, span, go),
    el(
      'a',
      { class: 'chip', href: csvAddress(state, span), download: 'spend.csv', 'data-cellcost': 'csv' },
      'CSV'
    )
  );
  if (focused) {
    /** @type {HTMLElement | null} */ (room.querySelector(`[data-chip="${focused}"]`))?.focus();
  }
}

/**
 * @param {State} state
 * @param {(state: State) => void} go
 */
function periodChip(state, go) {
  const choices = PERIODS.map(([value, text]) =>
    el('option', { value, selected: value === state.period }, text)
  );
  const select = el('select', { 'data-chip': 'period', 'data-cellcost': 'period' }, ...choices);
  select.addEventListener('change', () => {
    const period = /** @type {HTMLSelectElement} */ (select).value;
    const today = new Date().toISOString().slice(0, 10);
    const week = new Date(Date.now() - 6 * 86_400_000).toISOString().slice(0, 10);
    go({ ...state, period, from: state.from || week, to: state.to || today });
  });
  const words = ['month', 'custom'].includes(state.period) ? 'time' : 'last';
  return el('label', { class: 'chip' }, words, select);
}

/**
 * @param {State} state
 * @param {(state: State) => void} go
 */
function daysChip(state, go) {
  return /** @type {const} */ (['from', 'to']).map(name => {
    const input = el('input', {
      type: 'date',
      value: state[name],
      required: true,
      'data-chip': name,
      'data-cellcost': name
    });
    input.addEventListener('change', () => {
      const { value } = /** @type {HTMLInputElement} */ (input);
      if (value) {
        go({ ...state, [name]: value });
      }
    });
    return el('label', { class: 'chip' }, name, input);
  });
}

/**
 * @param {State} state
 * @param {(state: State) => void} go
 */
function byChip(state, go) {
  const choices = [...TAGS, /** @type {const} */ ('event')].map(value =>
    el('option', { value, selected: value === state.by }, value)
  );
  const select = el('select', { 'data-chip': 'by', 'data-cellcost': 'by' }, ...choices);
  select.addEventListener('change', () => {
    const by = /** @type {State['by']} */ (/** @type {HTMLSelectElement} */ (select).value);
    go({ ...state, by });
  });
  return el('label', { class: 'chip' }, 'by', select);
}

/**
 * @param {State} state
 * @param {Span} span
 * @param {Tag} tag
 * @param {(state: State) => void} go
 */
function filterChip(state, span, tag, go) {
  const values = state.filters[tag] ?? [];
  const names = values.map(value => nameOf(tag, value));
  const shown = names.length > 2 ? `${names.length} of them` : names.join(', ');
  const summary = el('summary', { 'data-chip': tag }, `${tag} `, el('b', {}, shown));
  const panel = el('div', { class: 'panel' });
  const chip = el('details', { class: 'chip', 'data-cellcost': `filter-${tag}` }, summary, panel);
  chip.addEventListener('toggle', () => {
    if (chip.hasAttribute('open')) {
      void showValues(panel, state, span, tag, go);
    }
  });
  const clear = el(
    'button',
    { type: 'button', class: 'clear', 'aria-label': `any ${tag}`, title: `any ${tag}` },
    '×'
  );
  clear.addEventListener('click', () => {
    go(filtered(state, tag, []));
  });
  return el('span', { class: 'pair' }, chip, clear);
}

/**
 * @param {State} state
 * @param {Span} span
 * @param {(state: State) => void} go
 */
function moreChip(state, span, go) {
  const summary = el('summary', { 'data-chip': 'more' }, '+ filter');
  const panel = el('div', { class: 'panel' });
  const chip = el('details', { class: 'chip', 'data-cellcost': 'more-filters' }, summary, panel);
  chip.addEventListener('toggle', () => {
    if (!chip.hasAttribute('open')) {
      return;
    }
    const unset = TAGS.filter(tag => !state.filters[tag]);
    panel.replaceChildren(
      ...unset.map(tag => {
        const button = el('button', { type: 'button', class: 'choice' }, tag);
        button.addEventListener('click', event => {
          event.stopPropagation();
          void showValues(panel, state, span, tag, go);
        });
        return button;
      })
    );
    panel.querySelector('button')?.focus();
  });
  return chip;
}

/**
 * Fills a panel with a tag's values, the dearest first.
 *
 * @param {HTMLElement} panel
 * @param {State} state
 * @param {Span} span
 * @param {Tag} tag
 * @param {(state: State) => void} go
 */
async function showValues(panel, state, span, tag, go) {
  panel.replaceChildren(el('p', {}, 'Loading…'));
  const chosen = new Set(state.filters[tag] ?? []);
  const open = filtered(state, tag, []);
  let rows;
  try {
    ({ rows } = await askSpend(spendQuery(open, span.since, span.until, tag)));
  } catch (error) {
    panel.replaceChildren(el('p', {}, error instanceof Error ? error.message : 'Failed.'));
    return;
  }
  /** @type {Map<string, bigint | null>} */
  const costs = new Map([...chosen].map(value => [value, 0n]));
  for (const row of rows) {
    costs.set(row[tag] ?? '', costOf(row));
  }
  const values = [...costs.keys()].sort((a, b) => Number((costs.get(b) ?? 0n) - (costs.get(a) ?? 0n)));
  const search = /** @type {HTMLInputElement} */ (
    el('input', { type: 'search', placeholder: `find a ${tag}`, 'aria-label': `find a ${tag}` })
  );
  const list = el('div', { class: 'values' });
  const draw = () => {
    const wanted = search.value.toLowerCase();
    const found = values.filter(value => nameOf(tag, value).toLowerCase().includes(wanted));
    list.replaceChildren(
      ...found.slice(0, MOST_SHOWN).map(value => {
        const box = el('input', { type: 'checkbox', checked: chosen.has(value) });
        box.addEventListener('change', () => {
          if (/** @type {HTMLInputElement} */ (box).checked) {
            chosen.add(value);
          } else {
            chosen.delete(value);
          }
        });
        const cost = costs.get(value);
        const shown = cost === null || cost === undefined ? 'unpriced' : money(cost);
        return el('label', {}, box, el('span', {}, nameOf(tag, value)), el('small', {}, shown));
      })
    );
    if (found.length === 0) {
      list.replaceChildren(el('p', {}, 'Nothing of that name in this time.'));
    }
  };
  search.addEventListener('input', draw);
  const apply = el('button', { type: 'submit', class: 'main' }, 'Show');
  const form = el('form', {}, search, list, apply);
  form.addEventListener('submit', event => {
    event.preventDefault();
    go(filtered(state, tag, [...chosen]));
  });
  draw();
  panel.replaceChildren(form);
  search.focus();
}

/**
 * @param {State} state
 * @param {Span} span
 */
function csvAddress(state, span) {
  const by = state.by === 'event' ? '' : state.by;
  const query = spendQuery(state, span.since, span.until, by);
  query.append('format', 'csv');
  return `/api/v1/spend?${query.toString()}`;
}
