import { describe, expect, it } from 'vitest';

import { place, popoverContent, tokenClasses } from './popoverContent.js';
import { cell, TOKENS } from './testing/views.js';
import type { CallView, CellDetail, RunView } from './wire.js';

const CALL: CallView = {
  id: 'e1',
  model: 'gpt-5-mini',
  provider: 'openai',
  endpoint: 'api.openai.com',
  operation: 'responses',
  state: 'measured',
  input: 920,
  cache_read: 368,
  output: 105,
  reasoning: 25,
  duration_seconds: 0.6,
  cost_nusd: '357200',
  note: '',
  call_site: 'cell:summarise:2',
  status: 200,
  reasons: [],
  retry_of: ''
};

function run(run_id: string, cost_nusd: string | null): RunView {
  return { run_id, started: null, cost_nusd, state: 'measured', n_unpriced: 0 };
}

function detail(changes: Partial<CellDetail> = {}): CellDetail {
  return {
    cell: cell(),
    calls: [CALL, { ...CALL, id: 'e2' }],
    groups: [{ ...CALL, label: 'gpt-5-mini, 2 alike', count: 2 }],
    runs: [run('r0', '12900000'), run('r1', '13245120')],
    alternatives: [{ model: 'gpt-5-nano', cost_nusd: '2600000' }],
    tags: { team: 'support' },
    lines: [],
    ...changes
  };
}

function shown(view: CellDetail, unfolded = false): HTMLElement {
  const node = document.createElement('div');
  node.append(...popoverContent(view, unfolded, () => undefined));
  return node;
}

describe('the popover', () => {
  it('has device time beside the calls, or alone', () => {
    const gpu = {
      name: 'H100',
      devices: ['NVIDIA H100 80GB HBM3'],
      busy_ms: 7_900,
      held_ms: 0,
      cost_nusd: '6583333',
      n_unpriced: 0
    };
    const both = shown(detail({ cell: cell({ gpu }) }));
    expect(both.querySelectorAll('table')).toHaveLength(2);
    expect(both.querySelector('b')?.textContent).toBe('$0.0132 · 20 calls · H100 7.9 s');
    const alone = shown(
      detail({ cell: cell({ gpu, calls: 0, cost_nusd: '6583333' }), calls: [], groups: [] })
    );
    expect(alone.querySelector('b')?.textContent).toBe('$0.00658 · H100 7.9 s');
    const cells = [...alone.querySelectorAll('td')].map(node => node.textContent);
    expect(cells.slice(0, 3)).toEqual(['NVIDIA H100 80GB HBM3', '7.9 s', '$0.00658']);
  });

  it('shows figure, earlier runs, alike calls, other models and tags', () => {
    const text = shown(detail()).textContent;
    expect(text).toContain('$0.0132 · 20 calls');
    expect(text).toContain('run 3 of this cell · previous run $0.0129');
    expect(text).toContain('gpt-5-mini, 2 alike');
    expect(text).toContain('Same tokens on gpt-5-nano $0.00260');
    expect(text).toContain('team:support · called in summarise, line 2');
  });

  it('names the run before this one, however many there were', () => {
    const runs = ['1', '2', '3', '4'].map(n => run(`r${n}`, `${n}000000000`));
    const view = detail({ cell: cell({ run_id: 'r4', run_number: 4 }), runs });
    expect(shown(view).textContent).toContain('run 4 of this cell · previous run $3.00');
    const first = detail({ runs: [run('r1', '1')] });
    expect(shown(first).querySelector('svg')).toBeNull();
    expect(shown(first).textContent).not.toContain('previous run');
  });

  it('separates other models so that no line ends or begins with a mark', () => {
    const alternatives = [
      { model: 'a', cost_nusd: '3000000' },
      { model: 'b', cost_nusd: '2000000' }
    ];
    const node = shown(detail({ alternatives })).querySelector('.cc-Popover-others');
    expect(node?.textContent).toBe('Same tokens on a $0.00300, b $0.00200');
  });

  it('lists the calls one by one where asked to', () => {
    expect(shown(detail()).querySelectorAll('tbody tr')).toHaveLength(1);
    expect(shown(detail(), true).querySelectorAll('tbody tr')).toHaveLength(2);
  });

  it('splits the tokens into classes that add up', () => {
    const classes = tokenClasses(TOKENS);
    const sum = classes.reduce((count, part) => count + part.count, 0);
    expect(sum).toBe(TOKENS.input + TOKENS.output);
    expect(classes.map(part => part.name)).not.toContain('cache write');
  });

  it('never reads text from outside as HTML', () => {
    const node = shown(detail({ tags: { x: '<img src=x onerror=alert(1)>' } }));
    expect(node.querySelector('img')).toBeNull();
  });

  it('gives the fix for a missing price as text to copy', () => {
    const chips = [
      { kind: 'info', text: '1 unpriced', hint: 'No price.\n[[endpoints]]\nurl = "x"' }
    ] as const;
    const node = shown(detail({ cell: cell({ chips }) }));
    expect(node.querySelector('pre')?.textContent).toBe('[[endpoints]]\nurl = "x"');
  });

  it.each([
    ['cell:<module>:4', 'line 4'],
    ['cell:summarise:2', 'summarise, line 2'],
    ['/lib/search/tools.py:ask:12', 'tools.py, ask, line 12'],
    ['', '']
  ])('says the call site %s as %s', (site, words) => {
    expect(place(site)).toBe(words);
  });
});
