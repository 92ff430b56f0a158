import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plain, spoken, statusLine } from './condition.ts';

const RUNNING = { kind: 'running', where: 'PATH' } as const;
const TODAY = { text: '$1.84', tooltip: 'gpt-5: $1.84' };

void test('a running server shows the day, and a click the totals', () => {
  assert.deepEqual(statusLine(RUNNING, TODAY, ''), {
    text: '$(credit-card) $1.84',
    tooltip: 'gpt-5: $1.84',
    command: 'cellcost.showTotals',
    warns: false
  });
});

void test('a restart keeps the figure where it is', () => {
  assert.equal(
    statusLine({ kind: 'starting' }, TODAY, '').text,
    statusLine(RUNNING, TODAY, '').text
  );
});

void test('before anything is known no figure is shown', () => {
  assert.equal(statusLine(RUNNING, undefined, '').text, '$(credit-card) cellcost');
});

void test('trouble is a word and a sign, beside the figure', () => {
  const line = statusLine(RUNNING, TODAY, 'the journal is damaged');
  assert.equal(line.text, '$(warning) $1.84');
  assert.ok(line.warns);
  assert.match(line.tooltip, /^the journal is damaged\n/);
});

void test('a server that is missing or stopped says so and why', () => {
  const missing = statusLine({ kind: 'missing', problems: ['PATH: x'] }, TODAY, '');
  assert.match(missing.text, /no server/);
  assert.match(missing.tooltip, /PATH: x/);
  assert.equal(missing.command, 'cellcost.setUpServer');
  const failed = statusLine({ kind: 'failed', reason: 'no disk' }, TODAY, '');
  assert.match(failed.text, /stopped/);
  assert.match(failed.tooltip, /no disk/);
  assert.equal(failed.command, 'cellcost.showOutput');
});

void test('a reason cannot become a link or markup', () => {
  assert.equal(plain('[x](command:y) *z*'), '\\[x\\]\\(command:y\\) \\*z\\*');
});

void test('a screen reader gets words, no icons and no marks', () => {
  const problems = ['PATH: /a_b/c.d: no room'];
  assert.equal(
    spoken(statusLine({ kind: 'missing', problems }, undefined, '')),
    'cellcost: no server. cellcost found no language server, so no cost is shown.\n\n' +
      'PATH: /a_b/c.d: no room\n\nClick to set one up.'
  );
  assert.equal(
    spoken(statusLine(RUNNING, TODAY, '')),
    'cellcost: $1.84. gpt-5: $1.84'
  );
});
