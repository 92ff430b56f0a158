import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plainLines } from './tooltips.ts';

void test('a table becomes lines and marks are left out', () => {
  const markdown = [
    '**$0.0132** in the last run',
    '',
    '| model | calls | cost |',
    '|---|--:|--:|',
    '| gpt\\-5\\.1 | 2 | $0.0132 |',
    '',
    '$2.10 this month'
  ].join('\n');
  assert.equal(
    plainLines(markdown),
    '$0.0132 in the last run\n\nmodel · calls · cost\ngpt-5.1 · 2 · $0.0132\n\n$2.10 this month'
  );
});

void test('an escaped bar is no border', () => {
  assert.equal(plainLines('| a \\| b | c |'), 'a | b · c');
});
