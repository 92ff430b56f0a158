import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lastLine, run } from './programs.ts';

const NODE = process.execPath;

void test('a program that fails is told by its last line', async () => {
  const done = await run(NODE, ['-e', 'console.error("a\\nno disk\\n"); process.exit(3)']);
  assert.equal(done.ok, false);
  assert.equal(done.problem, 'no disk');
});

void test('a program that fails in silence is told by its status', async () => {
  const done = await run(NODE, ['-e', 'process.exit(3)']);
  assert.equal(done.problem, 'exit status 3');
});

void test('a program that is not there is told so', async () => {
  const done = await run('/no/such/program', []);
  assert.equal(done.problem, 'there is no such program');
});

void test('a file that may not be run is told so', async () => {
  const done = await run(import.meta.filename, []);
  assert.equal(done.problem, 'it is no program that may be run');
});

void test('a program that hangs is ended', async () => {
  const done = await run(NODE, ['-e', 'setInterval(() => 0, 1000)'], { timeout: 50 });
  assert.equal(done.problem, 'it did not answer in time');
});

void test('what a program prints is returned', async () => {
  const done = await run(NODE, ['-e', 'console.log("out")']);
  assert.deepEqual([done.ok, done.stdout], [true, 'out\n']);
});

void test('the last line is not a blank one', () => {
  assert.equal(lastLine('one\r\ntwo\r\n\r\n'), 'two');
  assert.equal(lastLine(''), '');
});
