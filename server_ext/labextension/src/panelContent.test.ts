import { describe, expect, it } from 'vitest';

import { panelContent } from './panelContent.js';
import { today, total } from './testing/views.js';
import type { ModelSpend } from './wire.js';

const USE: ModelSpend = {
  model: 'gpt-5',
  provider: 'openai',
  endpoint: 'api.openai.com',
  cost_nusd: '500000000',
  n_unpriced: 0,
  n_partial: 0,
  n_estimated: 0,
  state: 'measured',
  calls: 4
};

/** The panel's rows as `name|figure`. */
function rows(...args: Parameters<typeof panelContent>): string[] {
  const node = document.createElement('div');
  node.append(...panelContent(...args));
  return [...node.querySelectorAll('.cc-Row')].map(row =>
    [...row.children].map(part => part.textContent).join('|')
  );
}

describe('the models of today', () => {
  it('are at least their figure where a call is partial or unpriced', () => {
    const by_model: ModelSpend[] = [
      USE,
      { ...USE, model: 'cut', n_partial: 1, state: 'live' },
      { ...USE, model: 'mixed', n_unpriced: 1, state: 'unpriced' },
      { ...USE, model: 'guessed', n_estimated: 2, state: 'estimated' },
      { ...USE, model: 'own', cost_nusd: null, n_unpriced: 3, state: 'unpriced' }
    ];
    expect(rows(today({ by_model }), null)).toEqual([
      'gpt-5|$0.500',
      'cut|≥ $0.500',
      'mixed|≥ $0.500',
      'guessed|≈ $0.500',
      'own|unpriced'
    ]);
  });

  it('add up to a day that is at least its figure', () => {
    const sum = total({ cost_nusd: '500000000', n_unpriced: 3, state: 'unpriced' });
    const node = document.createElement('div');
    node.append(...panelContent(today({ total: sum, by_model: [USE] }), null));
    expect(node.querySelector('.cc-Panel-big')?.textContent).toBe('≥ $0.500');
  });
});

describe('a journal with trouble', () => {
  const journal = { state: 'spooling', detail: '4 kB wait in $CELLCOST_HOME/spool' } as const;

  it('is told once, and every figure is a lower bound', () => {
    const day = today({ by_model: [USE], journal });
    const meter = { state: 'metered', detail: '', not_captured: [], journal } as const;
    const sum = total();
    const breakdown = {
      cells: sum,
      earlier_runs: total({ calls: 0 }),
      other: total({ calls: 0 })
    };
    const split = { breakdown, views: [], present: null, trouble: '' };
    const costs = { path: 'a.ipynb', total: sum, meter, ...split };
    expect(rows(day, costs)).toEqual([
      'gpt-5|≥ $0.500',
      'cells, latest runs|≥ $0.566',
      '⚠ journal trouble|'
    ]);
  });

  it('names the command that helps as code', () => {
    const node = document.createElement('div');
    const detail = '`cellcost doctor` says <b>why</b>';
    node.append(...panelContent(today({ journal: { ...journal, detail } }), null));
    expect(node.querySelector('code')?.textContent).toBe('cellcost doctor');
    expect(node.textContent).toContain('cellcost doctor says <b>why</b>');
  });

  it('leaves no zero where the day is unknown', () => {
    const unknown = total({ cost_nusd: null, calls: 0 });
    const node = document.createElement('div');
    node.append(...panelContent(today({ total: unknown, journal }), null));
    expect(node.querySelector('.cc-Panel-big')?.textContent).toBe('unknown');
    expect(node.textContent).toContain('4 kB wait in $CELLCOST_HOME/spool');
    expect(node.textContent).not.toContain('Run a cell');
  });
});
