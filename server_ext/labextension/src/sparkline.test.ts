import { describe, expect, it } from 'vitest';

import { sparkline } from './sparkline.js';
import type { RunView } from './wire.js';

function runs(...costs: (string | null)[]): RunView[] {
  return costs.map((cost_nusd, n) => ({
    run_id: `r${n}`,
    started: null,
    cost_nusd,
    state: cost_nusd === null ? 'unpriced' : 'measured',
    n_unpriced: Number(cost_nusd === null)
  }));
}

function heights(svg: SVGElement | null): (string | null)[] {
  return [...(svg?.querySelectorAll('rect') ?? [])].map(bar => bar.getAttribute('height'));
}

describe('the last runs', () => {
  it('are no picture until there are two', () => {
    expect(sparkline(runs())).toBeNull();
    expect(sparkline(runs('5'))).toBeNull();
  });

  it('are bars from zero, in words for those who do not see them', () => {
    const svg = sparkline(runs('10000000', '20000000'));
    expect(heights(svg)).toEqual(['6.0', '12.0']);
    expect(svg?.getAttribute('role')).toBe('img');
    expect(svg?.getAttribute('aria-label')).toBe(
      'Last 2 runs, oldest first: $0.0100, $0.0200'
    );
  });

  it('tell a run of unknown cost from one that cost nothing, or little', () => {
    const svg = sparkline(runs(null, '0', '1', '9000000'));
    expect(heights(svg)).toEqual(['4', '0.0', '1.0', '12.0']);
    expect(svg?.querySelectorAll('.cc-mod-unknown')).toHaveLength(1);
    expect(svg?.getAttribute('aria-label')).toContain('unpriced, $0, ');
  });

  it('are the newest sixteen', () => {
    expect(heights(sparkline(runs(...Array.from({ length: 40 }, () => '7'))))).toHaveLength(
      16
    );
  });

  it('may all have cost nothing', () => {
    expect(heights(sparkline(runs('0', '0')))).toEqual(['0.0', '0.0']);
  });
});
