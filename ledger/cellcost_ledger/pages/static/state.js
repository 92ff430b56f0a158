// @ts-check
/** What is shown, as the address says it: everything that can be shared or gone back to. */

export const TAGS = /** @type {const} */ ([
  'team',
  'function',
  'environment',
  'provider',
  'model',
  'user',
  'installation'
]);

export const PERIODS = /** @type {const} */ ([
  ['24h', '24 hours'],
  ['7d', '7 days'],
  ['30d', '30 days'],
  ['month', 'this month'],
  ['custom', 'from … to …']
]);

/** How people look closer: the tags after the one that they are at. */
const DEEPER = ['team', 'function', 'model', 'user', 'installation'];

/** @typedef {(typeof TAGS)[number]} Tag */
/** @typedef {Tag | 'event'} By */
/**
 * @typedef {object} State
 * @property {string} period
 * @property {string} from A day, of a custom period.
 * @property {string} to A day, included.
 * @property {By} by
 * @property {Partial<Record<Tag, string[]>>} filters
 * @property {string} sort A column; `-` before it: the largest first.
 */

/**
 * @param {string} search
 * @returns {State}
 */
export function readState(search) {
  const query = new URLSearchParams(search);
  /** @type {Partial<Record<Tag, string[]>>} */
  const filters = {};
  for (const tag of TAGS) {
    const values = [...new Set(query.getAll(tag))];
    if (values.length > 0) {
      filters[tag] = values;
    }
  }
  const by = query.get('by') ?? 'team';
  const from = day(query.get('from'));
  const to = day(query.get('to'));
  let period = query.get('period') ?? '30d';
  if (!PERIODS.some(([name]) => name === period) || (period === 'custom' && !(from && to))) {
    period = '30d';
  }
  return {
    period,
    from,
    to,
    by: by === 'event' || isTag(by) ? by : 'team',
    filters,
    sort: query.get('sort') ?? '-spend'
  };
}

/**
 * The address of a state; what is as usual is left out.
 *
 * @param {State} state
 */
export function addressOf(state) {
  const query = filterQuery(state);
  if (state.period !== '30d') {
    query.append('period', state.period);
  }
  if (state.period === 'custom') {
    query.append('from', state.from);
    query.append('to', state.to);
  }
  if (state.by !== 'team') {
    query.append('by', state.by);
  }
  if (state.sort !== '-spend') {
    query.append('sort', state.sort);
  }
  const text = query.toString();
  return text ? `/spend?${text}` : '/spend';
}

/**
 * The filters as the API takes them.
 *
 * @param {State} state
 * @param {Tag} [without]
 */
export function filterQuery(state, without) {
  const query = new URLSearchParams();
  for (const tag of TAGS) {
    if (tag !== without) {
      for (const value of state.filters[tag] ?? []) {
        query.append(tag, value);
      }
    }
  }
  return query;
}

/**
 * The state with one tag's filter changed; no values: any.
 *
 * @param {State} state
 * @param {Tag} tag
 * @param {string[]} values
 * @returns {State}
 */
export function filtered(state, tag, values) {
  const kept = Object.entries(state.filters).filter(([name]) => name !== tag);
  /** @type {State['filters']} */
  const filters = Object.fromEntries(kept);
  if (values.length > 0) {
    filters[tag] = values;
  }
  return { ...state, filters };
}

/**
 * What to group by after looking closer, the most useful first.
 *
 * @param {State} state
 * @returns {Tag[]}
 */
export function deeper(state) {
  return /** @type {Tag[]} */ (DEEPER).filter(
    tag => tag !== state.by && (state.filters[tag]?.length ?? 0) !== 1
  );
}

/**
 * How a value reads; an empty one has a name too.
 *
 * @param {string} tag
 * @param {string} value
 */
export function nameOf(tag, value) {
  if (value) {
    return value;
  }
  return ['user', 'model', 'provider'].includes(tag) ? `no ${tag}` : 'untagged';
}

/**
 * @param {string} text
 * @returns {text is Tag}
 */
export function isTag(text) {
  return /** @type {readonly string[]} */ (TAGS).includes(text);
}

/** @param {string | null} text */
function day(text) {
  return text && /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text))
    ? text
    : '';
}
