import { describe, expect, it } from 'vitest';

import { today, total } from './testing/views.js';
import { notebookLine, todayLine } from './totalLine.js';
import type { Meter } from './wire.js';

const METERED: Meter = {
  state: 'metered',
  detail: '',
  not_captured: [],
  journal: { state: 'ok', detail: '' }
};
const NOTHING = total({ cost_nusd: '0', calls: 0 });

describe('the total of a notebook', () => {
  it('is silent where a metered kernel made no call', () => {
    expect(notebookLine(NOTHING, [], METERED)).toBeNull();
    expect(notebookLine(null, [], null)).toBeNull();
  });

  it('names what is missing', () => {
    const missing = total({ state: 'unpriced', n_unpriced: 1 });
    expect(notebookLine(missing, [], METERED)).toMatchObject({
      cost: '≥ $0.566',
      rest: 'this notebook · 133k tokens · 1 unpriced'
    });
  });

  it('says not metered instead of nothing, and what to do', () => {
    const line = notebookLine(NOTHING, [], { ...METERED, state: 'not_metered' });
    expect(line).toMatchObject({ cost: '', rest: 'not metered', level: 'warn' });
    expect(line?.hint).toContain('restart the kernel');
  });

  it('says which library is not captured beside the figure', () => {
    const meter = { ...METERED, not_captured: [{ stack: 'httpx', reason: 'patched' }] };
    expect(notebookLine(total(), [], meter)?.rest).toContain('httpx not captured');
  });

  it('is a lower bound while the journal has trouble, and says what to do', () => {
    const journal = { state: 'spooling', detail: 'see cellcost doctor' } as const;
    const line = notebookLine(total(), [], { ...METERED, journal });
    expect(line).toMatchObject({ cost: '≥ $0.566', level: 'warn' });
    expect(line?.rest).toContain('journal trouble');
    expect(line?.hint.split('\n')).toEqual([
      'at least $0.566000000',
      '',
      'see cellcost doctor'
    ]);
  });

  it('lists its parts', () => {
    const rows = [
      { name: 'cells, latest runs', total: total({ cost_nusd: '500000000' }) },
      { name: 'earlier runs', total: total({ cost_nusd: '66000000' }) }
    ];
    expect(notebookLine(total(), rows, METERED)?.hint.split('\n')).toEqual([
      '$0.500  cells, latest runs · 20 calls',
      '$0.0660  earlier runs · 20 calls',
      'exactly $0.566000000'
    ]);
  });
});

describe('the total of the day', () => {
  it('is one figure, its models in the tooltip', () => {
    const use = {
      model: 'gpt-5',
      provider: 'openai',
      endpoint: '',
      cost_nusd: '566000000',
      n_unpriced: 0,
      n_partial: 0,
      n_estimated: 0,
      state: 'measured',
      calls: 20
    } as const;
    const line = todayLine(today({ by_model: [use] }));
    expect(line).toMatchObject({ cost: '$0.566', rest: 'today' });
    expect(line?.hint).toContain('$0.566  gpt-5 · 20 calls');
  });

  it('tells the trouble of the journal, also where no figure is known', () => {
    const journal = { state: 'spooling', detail: 'why' } as const;
    expect(todayLine(today({ journal }))).toMatchObject({
      cost: '≥ $0.566',
      rest: 'today · journal trouble',
      level: 'warn'
    });
    const unknown = today({ journal, total: { ...NOTHING, cost_nusd: null } });
    expect(todayLine(unknown)).toMatchObject({ rest: 'journal trouble', hint: 'why' });
    expect(todayLine(today({ total: NOTHING }))).toBeNull();
  });
});
