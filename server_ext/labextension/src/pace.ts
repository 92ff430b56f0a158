/** How often a figure may change on the screen. */

// Two at once (a call that begins and ends at once shows both), then one each 400 ms:
// never more than four in any second, and an isolated change never waits.
const BURST = 2;
const REFILL_MS = 400;

/** A bucket that says when the next update may be drawn. */
export class Pace {
  /** Milliseconds to wait before drawing at `now`; 0 draws and takes the turn. */
  take(now: number): number {
    const gained = Math.floor((now - this.#since) / REFILL_MS);
    if (gained > 0) {
      this.#left = Math.min(BURST, this.#left + gained);
      this.#since = this.#left === BURST ? now : this.#since + gained * REFILL_MS;
    }
    if (this.#left > 0) {
      if (this.#left === BURST) {
        this.#since = now;
      }
      this.#left -= 1;
      return 0;
    }
    return this.#since + REFILL_MS - now;
  }

  #left = BURST;
  #since = -Infinity;
}
