import { describe, expect, it } from 'vitest';

import { badgeLine, type Moment } from './badgeLine.js';
import { cell } from './testing/views.js';

const QUIET: Moment = {
  running: false,
  superseded: false,
  sayPrevious: true,
  age_seconds: 0
};

function texts(...[view, moment = QUIET]: [ReturnType<typeof cell>, Moment?]): string[] {
  return badgeLine(view, moment).parts.map(part => part.text);
}

describe('the line under a cell', () => {
  it('says cost, tokens, cache, calls and time in this order', () => {
    expect(texts(cell())).toEqual([
      '$0.0132',
      '18.4k → 2.1k',
      '40% cached',
      '20 × gpt-5-mini',
      '9.8 s'
    ]);
  });

  it('puts chips last, after the GPU', () => {
    const gpu = {
      name: 'H100',
      devices: ['NVIDIA H100 80GB HBM3'],
      busy_ms: 41_000,
      held_ms: 0,
      cost_nusd: '34000000',
      n_unpriced: 0
    };
    const chips = [{ kind: 'warn', text: 'stopped early', hint: '' }] as const;
    expect(texts(cell({ gpu, chips })).slice(-2)).toEqual(['H100 41 s', 'stopped early']);
    const [part] = badgeLine(cell({ gpu }), QUIET).parts.slice(-1);
    expect(part?.hint).toBe('NVIDIA H100 80GB HBM3: 41 s of device time, $0.0340');
    const unpriced = { ...gpu, cost_nusd: null, n_unpriced: 1 };
    const [other] = badgeLine(cell({ gpu: unpriced }), QUIET).parts.slice(-1);
    expect(other?.hint).toContain('unpriced');
  });

  it('marks what is in flight as an estimate that counts', () => {
    const view = cell({ state: 'live', live_calls: 1, duration_seconds: 6 });
    const line = badgeLine(view, { ...QUIET, running: true, age_seconds: 2.5 });
    expect(line.live).toBe(true);
    expect(line.parts[0]?.text).toBe('≈ $0.0132');
    expect(line.parts.at(-1)?.text).toBe('8 s');
    expect(line.label).toContain('about $0.0132');
  });

  it('stays live between two calls of a cell that still runs', () => {
    expect(badgeLine(cell(), { ...QUIET, running: true }).live).toBe(true);
  });

  it('keeps a superseded figure, and says whose it is once the run is over', () => {
    const superseded = { ...QUIET, superseded: true };
    const running = { ...superseded, running: true, sayPrevious: false };
    expect(texts(cell(), running)).toEqual(texts(cell()));
    expect(badgeLine(cell(), running)).toMatchObject({ previous: true, live: false });
    expect(texts(cell(), superseded)[1]).toBe('previous run');
    // Its call may wait beside the journal: that it made none is not known.
    const hints = badgeLine(cell(), superseded).parts.map(part => part.hint);
    expect(hints[0]).toContain('no model call of this one is known');
    expect(hints[1]).toBe('No model call of the run after it is known.');
  });

  it('says a word, never a zero, where no price is known', () => {
    const view = cell({
      state: 'unpriced',
      cost_nusd: null,
      n_unpriced: 1,
      calls: 1,
      models: [
        { model: 'smollm2', provider: '', endpoint: '127.0.0.1:8080', calls: 1 }
      ],
      chips: [{ kind: 'info', text: '1 unpriced', hint: 'add [[endpoints]]' }]
    });
    const line = badgeLine(view, QUIET);
    expect(line.parts.map(part => part.text)).toEqual([
      'unpriced',
      '18.4k → 2.1k',
      '40% cached',
      '1 × smollm2 at 127.0.0.1',
      '9.8 s',
      'how to price it'
    ]);
    expect(line.costNusd).toBeNull();
    expect(line.parts[0]?.hint).toContain('[[endpoints]]');
  });

  it('is at least the known part where some calls have no price', () => {
    const view = cell({ state: 'unpriced', n_unpriced: 2 });
    expect(texts(view)[0]).toBe('≥ $0.0132');
  });

  it('waits with a figure until one is known', () => {
    expect(texts(cell({ state: 'live', cost_nusd: null, live_calls: 1 }))[0]).toBe('…');
  });

  it('counts models where there are too many to name', () => {
    const models = ['a', 'b', 'c'].map(model => ({
      model,
      provider: 'openai',
      endpoint: '',
      calls: 8
    }));
    expect(texts(cell({ calls: 24, models }))).toContain('24 × 3 models');
    expect(texts(cell({ calls: 16, models: models.slice(1) }))).toContain(
      '8 × b, 8 × c'
    );
  });

  it('tells the exact amount in the tooltip', () => {
    expect(badgeLine(cell(), QUIET).parts[0]?.hint).toBe('exactly $0.013245120');
  });
});
