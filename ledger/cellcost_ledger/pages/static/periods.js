// @ts-check
/** The time that is shown, the time before it, and its steps. All of it UTC. */

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/**
 * @typedef {object} Span
 * @property {number} since
 * @property {number} until
 * @property {number} beforeSince
 * @property {number} beforeUntil
 * @property {'hour' | 'day'} step
 * @property {number[]} slots Where each step begins.
 * @property {string} words `last 30 days`
 * @property {string} beforeWords `the 30 days before`
 * @property {boolean} open Whether it still grows.
 */

/**
 * @param {import('./state.js').State} state
 * @param {number} now
 * @returns {Span}
 */
export function spanOf(state, now) {
  const end = Math.ceil((now + 1) / HOUR) * HOUR;
  const midnight = Math.floor(now / DAY) * DAY;
  if (state.period === '24h') {
    return span(end - DAY, end, DAY, 'last 24 hours', 'the 24 hours before', true);
  }
  if (state.period === 'month') {
    const today = new Date(now);
    const since = Date.UTC(today.getUTCFullYear(), today.getUTCMonth(), 1);
    const last = Date.UTC(today.getUTCFullYear(), today.getUTCMonth() - 1, 1);
    const name = month(last);
    // The same days of the month before, while it has as many.
    const shift = end - since <= since - last ? since - last : end - since;
    const before = shift === since - last ? `the same days of ${name}` : 'the time before';
    return span(since, end, shift, `${month(since)} so far`, before, true);
  }
  if (state.period === 'custom') {
    const since = Date.parse(state.from);
    const whole = Math.max(Date.parse(state.to) + DAY, since + DAY);
    const until = Math.max(Math.min(whole, end), since + HOUR);
    const days = (whole - since) / DAY;
    return span(since, until, whole - since, '', daysBefore(days), whole > now);
  }
  const days = state.period === '7d' ? 7 : 30;
  const since = midnight - (days - 1) * DAY;
  return span(since, end, days * DAY, `last ${days} days`, daysBefore(days), true);
}

/**
 * @param {number} since
 * @param {number} until
 * @param {number} shift
 * @param {string} words
 * @param {string} beforeWords
 * @param {boolean} open
 * @returns {Span}
 */
function span(since, until, shift, words, beforeWords, open) {
  const step = until - since <= 2 * DAY ? 'hour' : 'day';
  const wide = step === 'hour' ? HOUR : DAY;
  const slots = [];
  for (let at = Math.floor(since / wide) * wide; at < until; at += wide) {
    slots.push(at);
  }
  return {
    since,
    until,
    beforeSince: since - shift,
    beforeUntil: until - shift,
    step,
    slots,
    words: words || `${dayName(since)} to ${dayName(until - 1)}`,
    beforeWords,
    open
  };
}

/** @param {number} days */
function daysBefore(days) {
  return days === 1 ? 'the day before' : `the ${days} days before`;
}

/** @param {number} at */
function month(at) {
  return new Date(at).toLocaleString('en', { month: 'long', timeZone: 'UTC' });
}

/** `11 Nov` @param {number} at */
export function dayName(at) {
  const date = new Date(at);
  const name = date.toLocaleString('en', { month: 'short', timeZone: 'UTC' });
  return `${date.getUTCDate()} ${name}`;
}

/**
 * `Wed 11 Nov`, or with the hour: `Wed 11 Nov, 14:00`.
 *
 * @param {number} at
 * @param {'hour' | 'day'} step
 */
export function slotName(at, step) {
  const weekday = new Date(at).toLocaleString('en', { weekday: 'short', timeZone: 'UTC' });
  const hour = step === 'hour' ? `, ${new Date(at).toISOString().slice(11, 16)}` : '';
  return `${weekday} ${dayName(at)}${hour}`;
}

/**
 * How long ago: `just now`, `4 min ago`, `3 h ago`, `2 days ago`.
 *
 * @param {number} at
 * @param {number} now
 */
export function ago(at, now) {
  const minutes = Math.floor((now - at) / 60_000);
  if (minutes < 1) {
    return 'just now';
  }
  if (minutes < 60) {
    return `${minutes} min ago`;
  }
  const hours = Math.floor(minutes / 60);
  if (hours < 48) {
    return `${hours} h ago`;
  }
  return `${Math.floor(hours / 24)} days ago`;
}
