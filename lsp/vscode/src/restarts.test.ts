import assert from 'node:assert/strict';
import { test } from 'node:test';
import { afterStop } from './restarts.ts';

void test('the first restart comes at once, later ones wait, then it gives up', () => {
  let stops: readonly number[] = [];
  const waits = [0, 1, 2, 3, 4].map(second => {
    const plan = afterStop(stops, second * 1_000);
    stops = plan.stops;
    return plan.wait;
  });
  assert.deepEqual(waits, [0, 1_000, 4_000, 10_000, undefined]);
});

void test('a server that worked for long starts at once again', () => {
  const { stops } = afterStop([0, 1_000, 2_000, 3_000], 200_000);
  assert.deepEqual(stops, [200_000]);
});
