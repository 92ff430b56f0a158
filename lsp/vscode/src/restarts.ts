/** How often a server that stops by itself is started again. */

/** Milliseconds to wait before the first restart, the second, ... */
const WAITS = [0, 1_000, 4_000, 10_000] as const;
/** Stops that are longer ago than this many milliseconds count no more. */
const FORGET = 180_000;

export interface Plan {
  /** When the server stopped, of late. */
  readonly stops: readonly number[];
  /** How long to wait; undefined: give up. */
  readonly wait: number | undefined;
}

/** What to do now that the server stopped once more. */
export function afterStop(stops: readonly number[], now: number): Plan {
  const recent = [...stops.filter(at => now - at < FORGET), now];
  return { stops: recent, wait: WAITS[recent.length - 1] };
}
