import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callPicks, totalsPicks } from './picks.ts';

void test('totals say what is in no sum', () => {
  const answer = {
    complete: true,
    files: 2,
    calls: 1_204,
    text: '≈ $1.8',
    unpriced: 1,
    unbounded: 2,
    byModel: [{ model: 'gpt-5', calls: 1, text: '≈ $1.8', unpriced: 0, unbounded: 0 }]
  };
  assert.deepEqual(totalsPicks(answer), [
    {
      label: '≈ $1.8 to run everything once',
      description: '1,204 calls in 2 files',
      detail: '1 unpriced: in no sum · 2 in loops of unknown length: counted once'
    },
    { label: 'gpt-5', description: '≈ $1.8 · 1 call' }
  ]);
});

void test('totals that are not whole say so', () => {
  const [first] = totalsPicks({ complete: false, files: 1, calls: 1, text: '≈ $1' });
  assert.equal(first?.detail, 'not every file was read yet');
  assert.equal(totalsPicks({ complete: false })[0]?.label, 'Still reading');
  assert.equal(totalsPicks({ complete: true, calls: 0 })[0]?.label, 'No model calls found');
});

void test('a call leads to its line', () => {
  const rows = [{ uri: 'file:///a.py', line: 3, models: ['a', 'b'], text: '≈ $0.01' }];
  assert.deepEqual(callPicks(rows), [
    {
      label: 'a | b',
      description: '≈ $0.01 · line 3',
      at: { uri: 'file:///a.py', line: 2 }
    }
  ]);
  assert.deepEqual(callPicks(undefined), []);
});
