// @ts-check
/** Figures as people read them: money, tokens, changes. The one place that rounds. */

const USD = 9;

/**
 * Rounds `value / 10^places` half to even.
 *
 * @param {bigint} value
 * @param {number} places
 */
function shifted(value, places) {
  const unit = 10n ** BigInt(places);
  const whole = value / unit;
  const twice = (value % unit) * 2n;
  const up = twice > unit || (twice === unit && whole % 2n === 1n);
  return up ? whole + 1n : whole;
}

/**
 * @param {bigint} nusd
 * @param {number} decimals
 */
function fixed(nusd, decimals) {
  const digits = shifted(nusd, USD - decimals).toString();
  if (decimals === 0) {
    return digits.replace(/\B(?=(\d{3})+$)/g, ',');
  }
  const padded = digits.padStart(decimals + 1, '0');
  return `${padded.slice(0, -decimals)}.${padded.slice(-decimals)}`;
}

/**
 * An amount as people read it: `$0.0132`, `$12.40`, `$1,240`, `<$0.00001`. Never
 * `$0.00` for something that cost; exactly nothing is `$0`.
 *
 * @param {bigint} nusd
 * @param {number} [digits]
 * @returns {string}
 */
export function money(nusd, digits = 3) {
  if (nusd < 0n) {
    return `-${money(-nusd, digits)}`;
  }
  if (nusd === 0n) {
    return '$0';
  }
  if (nusd < 10_000n) {
    return '<$0.00001';
  }
  if (nusd >= 999_995_000_000n) {
    return `$${fixed(nusd, 0)}`;
  }
  if (shifted(nusd, USD - digits) >= 10n ** BigInt(digits)) {
    return `$${fixed(nusd, 2)}`;
  }
  let decimals = digits;
  while (shifted(nusd, USD - decimals) < 10n ** BigInt(digits - 1) && decimals < 5) {
    decimals += 1;
  }
  return `$${fixed(nusd, decimals)}`;
}

/**
 * The amount to the nano-dollar: `$0.013245120`, `$4,812.013245120`.
 *
 * @param {bigint} nusd
 * @returns {string}
 */
export function exactMoney(nusd) {
  if (nusd < 0n) {
    return `-${exactMoney(-nusd)}`;
  }
  const [whole = '0', rest = ''] = fixed(nusd, USD).split('.');
  return `$${whole.replace(/\B(?=(\d{3})+$)/g, ',')}.${rest}`;
}

/**
 * A count in few digits: `812`, `1.2k`, `133k`, `3.4M`, `2.4B`.
 *
 * @param {number} count
 */
export function short(count) {
  if (Math.abs(count) < 1_000) {
    return String(count);
  }
  for (const [unit, name] of /** @type {[number, string][]} */ ([
    [1e3, 'k'],
    [1e6, 'M'],
    [1e9, 'B']
  ])) {
    const value = count / unit;
    if (Math.abs(value) < 99.95) {
      return `${value.toFixed(1)}${name}`;
    }
    if (Math.abs(value) < 999.5) {
      return `${Math.round(value)}${name}`;
    }
  }
  return `${grouped(Math.round(count / 1e9))}B`;
}

/**
 * A whole number with thousands: `88,112`.
 *
 * @param {number} count
 */
export function grouped(count) {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}

/**
 * `1 call`, `20 calls`, `1,204 calls`.
 *
 * @param {number} count
 * @param {string} noun
 */
export function counted(count, noun) {
  return `${grouped(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/**
 * A share of a whole: `41 %`, `4.1 %`, `<0.1 %`.
 *
 * @param {bigint} part
 * @param {bigint} whole
 */
export function share(part, whole) {
  if (whole === 0n || part === 0n) {
    return '0 %';
  }
  const percent = ratio(part, whole) * 100;
  if (percent > 0 && percent < 0.05) {
    return '<0.1 %';
  }
  return `${percent.toFixed(percent < 9.95 ? 1 : 0)} %`;
}

/**
 * @param {bigint} part
 * @param {bigint} whole
 */
export function ratio(part, whole) {
  return Number((part * 1_000_000n) / whole) / 1_000_000;
}

/**
 * A change with its sign, and in words: null where it cannot be known.
 *
 * @param {bigint} now
 * @param {bigint} before
 * @returns {{sign: string, words: string, percent: number} | null}
 */
export function change(now, before) {
  if (before <= 0n) {
    return null;
  }
  const percent = Math.round(ratio(now - before, before) * 100);
  const much = grouped(Math.abs(percent));
  const far = money(now > before ? now - before : before - now);
  if (now === before) {
    return { sign: '±0 %', words: 'no change', percent };
  }
  const shown = percent === 0 ? '<1' : much;
  return now > before
    ? { sign: `+${shown} %`, words: `up ${shown} percent, ${far} more`, percent }
    : { sign: `−${shown} %`, words: `down ${shown} percent, ${far} less`, percent };
}
