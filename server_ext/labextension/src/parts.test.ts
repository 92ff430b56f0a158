import { describe, expect, it } from 'vitest';

import { parts } from './parts.js';
import { cell, total } from './testing/views.js';
import type { Breakdown, CellView } from './wire.js';

const NOTHING = total({ cost_nusd: '0', calls: 0 });

function rows(
  views: readonly CellView[],
  here: readonly string[] | null,
  changes: Partial<Breakdown> = {}
): string[] {
  const cells = total({ cost_nusd: '30', calls: 2 });
  const breakdown = { cells, earlier_runs: NOTHING, other: NOTHING, ...changes };
  const present = here && new Set(here);
  return parts({ breakdown, views, present }).map(
    part => `${part.name}: ${part.total.cost_nusd} (${part.total.state})`
  );
}

const KEPT = cell({ cell_id: 'kept', cost_nusd: '10', calls: 1 });
const GONE = cell({ cell_id: 'gone', cost_nusd: '20', calls: 1, state: 'partial' });

describe('the parts of a total', () => {
  it('leave out what has no call', () => {
    expect(rows([KEPT, GONE], ['kept', 'gone'])).toEqual([
      'cells, latest runs: 30 (measured)'
    ]);
    expect(parts({ breakdown: null, views: [], present: null })).toEqual([]);
  });

  it('tell the cells of the notebook from those no longer in it', () => {
    const earlier_runs = total({ cost_nusd: '5', calls: 1 });
    expect(rows([KEPT, GONE], ['kept', 'never ran'], { earlier_runs })).toEqual([
      'cells, latest runs: 10 (measured)',
      'cells no longer here: 20 (partial)',
      'earlier runs: 5 (measured)'
    ]);
  });

  it('say it where every cell that called is gone', () => {
    expect(rows([KEPT, GONE], [])).toEqual(['cells no longer here: 30 (partial)']);
  });

  it('stay whole until the cells of the notebook are known', () => {
    expect(rows([KEPT, GONE], null)).toEqual(['cells, latest runs: 30 (measured)']);
  });

  it('stay whole while a view is missing, as the sum would not add up', () => {
    expect(rows([GONE], ['kept'])).toEqual(['cells, latest runs: 30 (measured)']);
  });

  it('know nothing of cells of which nothing is known', () => {
    const unpriced = { cost_nusd: null, state: 'unpriced', n_unpriced: 1 } as const;
    const views = [cell({ ...KEPT, cost_nusd: '30' }), cell({ ...GONE, ...unpriced })];
    expect(rows(views, ['kept'])).toEqual([
      'cells, latest runs: 30 (measured)',
      'cells no longer here: null (unpriced)'
    ]);
  });
});
