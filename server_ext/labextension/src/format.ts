/** Figures as people read them: money, tokens, time. The one place that rounds. */

const TEN = 10n;
const USD = 9;

/** Rounds `value / 10^places` half to even. */
function shifted(value: bigint, places: number): bigint {
  const unit = TEN ** BigInt(places);
  const whole = value / unit;
  const twice = (value % unit) * 2n;
  const up = twice > unit || (twice === unit && whole % 2n === 1n);
  return up ? whole + 1n : whole;
}

function fixed(nusd: bigint, decimals: number): string {
  const digits = shifted(nusd, USD - decimals).toString();
  if (decimals === 0) {
    return digits.replace(/\B(?=(\d{3})+$)/g, ',');
  }
  const padded = digits.padStart(decimals + 1, '0');
  return `${padded.slice(0, -decimals)}.${padded.slice(-decimals)}`;
}

/**
 * An amount as the badge shows it: `$0.0132`, `$0.00041`, `$12.40`, `$1,240`,
 * `<$0.00001`. Never `$0.00` for something that cost; exactly nothing is `$0`. An
 * estimate takes two `digits`: `$0.013`.
 */
export function money(nusd: bigint, digits = 3): string {
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
  if (shifted(nusd, USD - digits) >= TEN ** BigInt(digits)) {
    return `$${fixed(nusd, 2)}`;
  }
  let decimals = digits;
  while (shifted(nusd, USD - decimals) < TEN ** BigInt(digits - 1) && decimals < 5) {
    decimals += 1;
  }
  return `$${fixed(nusd, decimals)}`;
}

/** The amount to the nano-dollar, for tooltips: `$0.013245120`. */
export function exactMoney(nusd: bigint): string {
  return nusd < 0n ? `-${exactMoney(-nusd)}` : `$${fixed(nusd, USD)}`;
}

/** A token count: `812`, `1.2k`, `133k`, `3.4M`. */
export function tokens(count: number): string {
  if (count < 1_000) {
    return String(count);
  }
  if (count < 99_950) {
    return `${(count / 1_000).toFixed(1)}k`;
  }
  if (count < 999_500) {
    return `${Math.round(count / 1_000)}k`;
  }
  if (count < 99_950_000) {
    return `${(count / 1_000_000).toFixed(1)}M`;
  }
  return `${grouped(Math.round(count / 1_000_000))}M`;
}

/** A whole number with thousands: `88,112`. */
export function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** Tokens in and out: `1.2k → 350`. */
export function flow(input: number, output: number): string {
  return `${tokens(input)} → ${tokens(output)}`;
}

/** The cached share of an input, `40% cached`; "" where nothing was cached. */
export function cachedShare(cacheRead: number, input: number): string {
  if (cacheRead <= 0 || input <= 0) {
    return '';
  }
  const percent = Math.round((100 * cacheRead) / input);
  return `${percent === 0 ? '<1' : Math.min(percent, 100)}% cached`;
}

/** A duration: `0.6 s`, `41 s`, `2 m 5 s`, `2 h 10 m`. */
export function duration(seconds: number): string {
  if (seconds < 0.05) {
    return '<0.1 s';
  }
  if (seconds < 9.95) {
    return `${seconds.toFixed(1)} s`;
  }
  const whole = Math.round(seconds);
  if (whole < 60) {
    return `${whole} s`;
  }
  if (whole < 3_600) {
    return `${Math.floor(whole / 60)} m ${whole % 60} s`;
  }
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} m`;
}

/** A duration that still runs, in whole seconds so that it does not flicker. */
export function elapsed(seconds: number): string {
  if (seconds < 1) {
    return '<1 s';
  }
  return seconds < 60 ? `${Math.floor(seconds)} s` : duration(Math.floor(seconds));
}

/** `1 call`, `20 calls`, `1,204 calls`. */
export function counted(count: number, noun: string): string {
  return `${grouped(count)} ${noun}${count === 1 ? '' : 's'}`;
}
