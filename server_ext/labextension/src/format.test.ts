import { describe, expect, it } from 'vitest';

import {
  cachedShare,
  counted,
  duration,
  elapsed,
  exactMoney,
  flow,
  grouped,
  money,
  tokens
} from './format.js';

describe('money', () => {
  it('gives an estimate two digits', () => {
    const shown = [801_750n, 13_245_120n, 96_000n, 994_000_000n, 996_000_000n, 9_999n];
    expect(shown.map(nusd => money(nusd, 2))).toEqual([
      '$0.00080',
      '$0.013',
      '$0.00010',
      '$0.99',
      '$1.00',
      '<$0.00001'
    ]);
  });

  it.each([
    [0n, '$0'],
    [1n, '<$0.00001'],
    [9_999n, '<$0.00001'],
    [10_000n, '$0.00001'],
    [45_000n, '$0.00004'],
    [410_000n, '$0.00041'],
    [1_234_567n, '$0.00123'],
    [13_245_120n, '$0.0132'],
    [34_000_000n, '$0.0340'],
    [497_000_000n, '$0.497'],
    [999_499_999n, '$0.999'],
    [999_500_000n, '$1.00'],
    [12_400_000_000n, '$12.40'],
    [999_994_999_999n, '$999.99'],
    [999_995_000_000n, '$1,000'],
    [1_240_000_000_000n, '$1,240'],
    [12_345_678_000_000_000n, '$12,345,678'],
    [-13_245_120n, '-$0.0132']
  ])('shows %s nano-USD as %s', (nusd, text) => {
    expect(money(nusd)).toBe(text);
  });

  it('rounds half to even, once', () => {
    expect(money(12_345_000_000n)).toBe('$12.34');
    expect(money(12_355_000_000n)).toBe('$12.36');
  });

  it('never shows zero for something that cost', () => {
    for (let nusd = 1n; nusd < 10n ** 15n; nusd *= 3n) {
      expect(money(nusd)).toMatch(/[1-9]/);
    }
  });

  it('keeps every nano-dollar in the exact form', () => {
    expect(exactMoney(13_245_120n)).toBe('$0.013245120');
    expect(exactMoney(-1n)).toBe('-$0.000000001');
  });
});

describe('counts', () => {
  it.each([
    [0, '0'],
    [812, '812'],
    [1_000, '1.0k'],
    [1_234, '1.2k'],
    [18_400, '18.4k'],
    [99_949, '99.9k'],
    [99_950, '100k'],
    [133_000, '133k'],
    [999_499, '999k'],
    [999_500, '1.0M'],
    [3_400_000, '3.4M'],
    [2_340_000_000, '2,340M']
  ])('shows %s tokens as %s', (count, text) => {
    expect(tokens(count)).toBe(text);
  });

  it('joins in and out by an arrow', () => {
    expect(flow(1_200, 350)).toBe('1.2k → 350');
  });

  it('counts with thousands and the right plural', () => {
    expect(counted(1, 'call')).toBe('1 call');
    expect(counted(1_204, 'call')).toBe('1,204 calls');
    expect(grouped(88_112)).toBe('88,112');
  });

  it.each([
    [0, 100, ''],
    [40, 100, '40% cached'],
    [1, 1_000, '<1% cached'],
    [100, 100, '100% cached'],
    [5, 0, '']
  ])('says that %s of %s tokens were cached', (read, input, text) => {
    expect(cachedShare(read, input)).toBe(text);
  });
});

describe('time', () => {
  it.each([
    [0, '<0.1 s'],
    [0.6, '0.6 s'],
    [9.8, '9.8 s'],
    [9.96, '10 s'],
    [41.2, '41 s'],
    [125, '2 m 5 s'],
    [7_800, '2 h 10 m']
  ])('shows %s seconds as %s', (seconds, text) => {
    expect(duration(seconds)).toBe(text);
  });

  it('counts running time in whole seconds', () => {
    expect(elapsed(0.4)).toBe('<1 s');
    expect(elapsed(6.9)).toBe('6 s');
    expect(elapsed(61)).toBe('1 m 1 s');
  });
});
