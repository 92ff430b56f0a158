import { describe, expect, it } from 'vitest';

import { Pace } from './pace.js';

describe('pace', () => {
  it('lets a short call show its begin and its end at once', () => {
    const pace = new Pace();
    expect(pace.take(1_000)).toBe(0);
    expect(pace.take(1_080)).toBe(0);
  });

  it('never draws more than four times in any second', () => {
    const pace = new Pace();
    const drawn: number[] = [];
    for (let now = 0; now < 20_000; now += 7) {
      if (pace.take(now) === 0) {
        drawn.push(now);
      }
    }
    for (const start of drawn) {
      const within = drawn.filter(at => at >= start && at < start + 1_000);
      expect(within.length).toBeLessThanOrEqual(4);
    }
    expect(drawn.length).toBeGreaterThan(40);
  });

  it('says how long to wait, and keeps its word', () => {
    const pace = new Pace();
    let now = 0;
    for (let drawn = 0; drawn < 20; now += pace.take(now)) {
      if (pace.take(now) === 0) {
        drawn += 1;
      }
    }
    expect(now).toBeLessThan(20 * 400 + 400);
  });
});
