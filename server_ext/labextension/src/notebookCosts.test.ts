import type { Event } from '@jupyterlab/services';
import { Stream } from '@lumino/signaling';
import { describe, expect, it } from 'vitest';

import type { Api } from './api.js';
import { NotebookCosts } from './notebookCosts.js';
import { CostStream } from './stream.js';
import { cell, total } from './testing/views.js';
import type { NotebookView } from './wire.js';

const CELLS = 'https://schema.cellcost.dev/cells/v1';

function view(changes: Partial<NotebookView> = {}): NotebookView {
  const sum = total();
  return {
    path: 'a.ipynb',
    kernel_id: 'k1',
    rev: 10,
    whole: false,
    meter: {
      state: 'metered',
      detail: '',
      not_captured: [],
      journal: { state: 'ok', detail: '' }
    },
    cells: [cell()],
    total: sum,
    breakdown: { cells: sum, earlier_runs: sum, other: sum },
    ...changes
  };
}

/** A bus and a server that answers with the snapshots given, the last one for ever. */
function bench(...snapshots: NotebookView[]): {
  costs: NotebookCosts;
  send: (event: NotebookView) => void;
  asked: () => number;
} {
  const bus = {} as Event.IManager & { stream: Event.Stream };
  const stream = new Stream<Event.IManager, Event.Emission>(bus);
  Object.assign(bus, { stream });
  let asked = 0;
  const api = {
    notebook: () => {
      asked += 1;
      return Promise.resolve(snapshots[Math.min(asked, snapshots.length) - 1]);
    }
  } as unknown as Api;
  const costs = new NotebookCosts(api, new CostStream(bus));
  return {
    costs,
    send: event => {
      stream.emit({ ...event, schema_id: CELLS } as unknown as Event.Emission);
    },
    asked: () => asked
  };
}

async function follow(costs: NotebookCosts): Promise<void> {
  const first = new Promise<void>(resolve => {
    costs.totalChanged.connect(() => {
      resolve();
    });
  });
  costs.follow('a.ipynb', 'k1');
  await first;
}

describe('what is known of a notebook', () => {
  it('is the snapshot and the newer events', async () => {
    const { costs, send } = bench(view());
    await follow(costs);
    send(view({ rev: 11, cells: [cell({ cost_nusd: '14000000' })] }));
    expect(costs.cell('c1')?.view.cost_nusd).toBe('14000000');
  });

  it('ignores the events of other notebooks', async () => {
    const { costs, send } = bench(view());
    await follow(costs);
    const other = { path: 'b.ipynb', kernel_id: 'k2', rev: 11 };
    send(view({ ...other, cells: [cell({ cost_nusd: '1' })] }));
    expect(costs.cell('c1')?.view.cost_nusd).toBe('13245120');
  });

  it('tells which cells changed, and only those', async () => {
    const { costs, send } = bench(view());
    await follow(costs);
    const changed: string[] = [];
    costs.cellsChanged.connect((_, ids) => changed.push(...ids));
    send(view({ rev: 11, cells: [cell(), cell({ cell_id: 'c2' })] }));
    expect(changed).toEqual(['c2']);
  });

  it('asks again where an event is older than what is shown', async () => {
    const { costs, send, asked } = bench(view(), view({ rev: 3 }));
    await follow(costs);
    const again = new Promise<void>(resolve => {
      costs.totalChanged.connect(() => {
        resolve();
      });
    });
    send(view({ rev: 2, cells: [cell({ cost_nusd: '1' })] }));
    await again;
    expect(asked()).toBe(2);
    expect(costs.cell('c1')?.view.cost_nusd).toBe('13245120');
  });

  it('drops the cells that a whole view no longer has', async () => {
    const { costs, send } = bench(view({ cells: [cell(), cell({ cell_id: 'c2' })] }));
    await follow(costs);
    const changed: string[] = [];
    costs.cellsChanged.connect((_, ids) => changed.push(...ids));
    send(view({ rev: 11, whole: true, cells: [cell({ cell_id: 'c2' })] }));
    expect(changed).toEqual(['c1']);
    expect([...costs.cellIds]).toEqual(['c2']);
  });

  it('keeps every cell where only the totals or the meter changed', async () => {
    const { costs, send } = bench(view({ whole: true }));
    await follow(costs);
    let drawn = 0;
    costs.cellsChanged.connect(() => (drawn += 1));
    const meter = { ...view().meter, state: 'not_metered' } as const;
    send(view({ rev: 11, cells: [], total: total({ cost_nusd: '7' }), meter }));
    expect(drawn).toBe(0);
    expect([...costs.cellIds]).toEqual(['c1']);
    expect(costs.total?.cost_nusd).toBe('7');
    expect(costs.meter?.state).toBe('not_metered');
  });

  it('has the parts told anew when a cell is deleted', async () => {
    const { costs } = bench(view({ whole: true, total: total({ calls: 20 }) }));
    await follow(costs);
    let told = 0;
    costs.totalChanged.connect(() => (told += 1));
    costs.present = new Set(['c2']);
    expect(told).toBe(1);
    expect(costs.views.map(each => costs.present?.has(each.cell_id))).toEqual([false]);
  });

  it('is deaf once it is disposed', async () => {
    const { costs, send } = bench(view());
    await follow(costs);
    costs.dispose();
    send(view({ rev: 12, cells: [cell({ cost_nusd: '1' })] }));
    expect(costs.cell('c1')).toBeUndefined();
  });
});
