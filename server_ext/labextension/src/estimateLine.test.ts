import { describe, expect, it } from 'vitest';

import { Badge } from './badge.js';
import { badgeLine } from './badgeLine.js';
import { adviceNotes, estimateContent } from './estimateContent.js';
import { estimateHint, estimateLine, estimateSentence, guessedRange } from './estimateLine.js';
import { cell, estimate, estimateRow } from './testing/views.js';
import type { CellEstimate, Chip } from './wire.js';

const LARGE: Chip = { kind: 'warn', text: 'large', hint: 'o1 is a large model in dev.' };
const MOMENT = { running: false, superseded: false, sayPrevious: true, age_seconds: 0 };

function said(changes: Partial<CellEstimate>, chips: readonly Chip[] = []): string {
  return estimateLine(estimate(changes), chips)
    .parts.map(part => part.text)
    .join(' · ');
}

function guess(model: string, calls: number | null): CellEstimate['models'][number] {
  return { model, provider: '', calls };
}

describe('the line before a run', () => {
  it('says about what, for how many tokens, on which model', () => {
    expect(said({})).toBe('≈ $0.0011 · 1.2k → 400 · 1 × gpt-5-mini');
  });

  it('spans the models that a call may use', () => {
    const two = { typical_low_nusd: '110000', models: [guess('gpt-5 or gpt-5-nano', 1)] };
    expect(said(two)).toBe('≈ $0.00011–0.0011 · 1.2k → 400 · 1 × gpt-5 or gpt-5-nano');
    expect(said({ ...two, n_unpriced: 1 })).toContain('≥ $0.00011 ·');
    expect(said({ typical_nusd: '2000', typical_low_nusd: '2000' })).toContain('<$0.00001 ·');
  });

  it('shows loops, and those whose length nobody knows', () => {
    expect(said({ calls: 100, models: [guess('gpt-5', 100)] })).toContain('100 × gpt-5');
    expect(said({ calls: null, models: [guess('gpt-5', null)] })).toContain('n × gpt-5');
  });

  it('says which part of the prompt is not known', () => {
    expect(said({ input_open: true })).toContain('1.2k+ → 400');
    expect(said({ input_open: true, input_tokens: 0 })).toContain('? → 400');
    expect(said({ input_tokens: 0, output_tokens: 0 })).toBe('≈ $0.0011 · 1 × gpt-5-mini');
  });

  it('never takes a missing price or model for nothing', () => {
    const none = { typical_nusd: null, high_nusd: null, n_unpriced: 1 };
    expect(said({ ...none, models: [guess('mine', 1)] })).toContain('unpriced · ');
    expect(said({ ...none, models: [guess('', 1)] })).toBe('unknown · 1.2k → 400 · 1 call');
    expect(said({ n_unpriced: 2 })).toBe(
      '≥ $0.0011 · 1.2k → 400 · 1 × gpt-5-mini · 2 unpriced'
    );
  });

  it('counts models when there are many', () => {
    const models = ['a', 'b', 'c'].map(name => guess(name, 2));
    expect(said({ calls: 6, models })).toContain('6 × 3 models');
  });

  it('is no money that was spent, and says so to screen readers', () => {
    const line = estimateLine(estimate(), []);
    const badge = new Badge('c1');
    badge.render(line);
    expect(badge.button.dataset).toMatchObject({ state: 'estimate', estimateNusd: '1100000' });
    expect(badge.button.hasAttribute('data-cost-nusd')).toBe(false);
    expect(line.label).toBe(
      'Before this cell runs: about $0.0011; 1.2k tokens in, 400 out; 1 calls of gpt-5-mini'
    );
  });

  it('gives its place and its elements to the figures', () => {
    const badge = new Badge('c1');
    badge.render(estimateLine(estimate(), []));
    const before = [...badge.button.children];
    badge.render(badgeLine(cell({ state: 'live', tokens: { ...cell().tokens, cache_read: 0 } }), MOMENT));
    expect([...badge.button.children].slice(0, 3)).toEqual(before);
    expect(badge.button.hasAttribute('title')).toBe(false);
    expect(badge.button.hasAttribute('data-estimate-nusd')).toBe(false);
    expect(badge.button.classList.contains('cc-mod-estimate')).toBe(false);
  });

  it('explains itself: model, range and why', () => {
    const why = 'nothing caps its output';
    const open = estimate({ high_nusd: null, rows: [estimateRow({ reasons: [why, why] })] });
    expect(estimateHint(estimate())).toBe(
      [
        'Before it runs, from the source:',
        'about $0.001100000, with answers of 400 tokens',
        'at most $0.002300000',
        '1 × gpt-5-mini'
      ].join('\n')
    );
    expect(estimateHint(open)).toContain('no upper limit known\n');
    expect(estimateHint(open).split(why)).toHaveLength(2);
    expect(estimateHint(estimate({ calls: null }))).toContain('for one turn of the loop');
  });

  it('gives one call its range', () => {
    expect(guessedRange(estimateRow())).toBe('≈ $0.00030–0.0023');
    expect(guessedRange(estimateRow({ high_nusd: null }))).toBe('≈ $0.0011');
    expect(guessedRange(estimateRow({ typical_nusd: null, low_nusd: null }))).toBe('unpriced');
    expect(guessedRange(estimateRow({ high_nusd: '300000' }))).toBe('≈ $0.00030');
  });
});

describe('a figure whose cell was edited since', () => {
  const now = estimateSentence(estimate());

  it('stays, as that of the last run', () => {
    const line = badgeLine(cell(), { ...MOMENT, now });
    expect(line.parts.map(part => part.text).slice(0, 2)).toEqual(['$0.0132', 'last run']);
    expect(line.parts[1]?.hint).toContain('As it stands: ≈ $0.0011 · 1 × gpt-5-mini');
    expect(line.costNusd).toBe('13245120');
  });

  it('says nothing of that while it counts', () => {
    const line = badgeLine(cell({ state: 'live' }), { ...MOMENT, now });
    expect(line.parts.map(part => part.text)).not.toContain('last run');
  });

  it('says where no call is left', () => {
    expect(estimateSentence(null)).toBe('As it stands: no model call is found');
  });
});

describe('advice', () => {
  it('is a chip before the run and after it', () => {
    expect(said({}, [LARGE])).toMatch(/ · large$/);
    const after = badgeLine(cell(), { ...MOMENT, advice: [LARGE] });
    expect(after.parts.at(-1)).toMatchObject({ kind: 'chip', text: 'large', level: 'warn' });
  });

  it('can be dismissed', () => {
    let dismissed = 0;
    const [note] = adviceNotes([LARGE], () => (dismissed += 1));
    note?.querySelector('button')?.click();
    expect(dismissed).toBe(1);
    expect(note?.textContent).toContain('o1 is a large model in dev.');
  });
});

describe('the popover before a run', () => {
  it('lists the calls, their range and what is not known', () => {
    const rows = [
      estimateRow({ calls: 100, reasons: ['nothing caps its output'] }),
      estimateRow({ model: '', typical_nusd: null, low_nusd: null, high_nusd: null })
    ];
    const box = document.createElement('div');
    box.append(...estimateContent(estimate({ rows, rows_left_out: 2 })));
    const text = [...box.querySelectorAll('tbody tr')].map(row =>
      [...row.children].map(each => each.textContent).join(' | ')
    );
    expect(text).toEqual([
      'gpt-5-mini, line 2 | 1.2k | 400 | 100 | ≈ $0.00030–0.0023',
      'unnamed model, line 2 | 1.2k | 400 | 1 | unknown',
      'and 2 more call sites'
    ]);
    expect(box.textContent).toContain('before it runs · at most $0.002300000');
    expect(box.textContent).toContain('nothing caps its output');
  });
});
