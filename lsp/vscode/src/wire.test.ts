import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cellCosts, state, today } from './wire.ts';

void test('what lacks its text is not shown', () => {
  assert.equal(today({ tooltip: 'x' }), undefined);
  assert.equal(today(null), undefined);
  assert.deepEqual(today({ text: '$1.84' }), { text: '$1.84', tooltip: '' });
});

void test('a cell without a text or an address is left out', () => {
  const cells = [
    { uri: 'a', text: '$1', tooltip: 't', state: 'live' },
    { uri: 'b' },
    { text: '$2' },
    3
  ];
  assert.deepEqual(cellCosts({ notebook: 'n', cells }), {
    notebook: 'n',
    cells: [{ uri: 'a', text: '$1', tooltip: 't' }]
  });
  assert.equal(cellCosts({ notebook: 'n' }), undefined);
  assert.equal(cellCosts(undefined), undefined);
});

void test('an unknown state is read as it is', () => {
  assert.deepEqual(state({ state: 'new' }), { state: 'new', message: '' });
});
