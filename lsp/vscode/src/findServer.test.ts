import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { findServer } from './findServer.ts';
import type { Place } from './places.ts';

let folder = '';

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'cellcost-'));
});

after(async () => {
  await rm(folder, { recursive: true });
});

/** A program that prints or fails as a server would. */
async function program(name: string, script: string, said = 'PATH'): Promise<Place> {
  const command = path.join(folder, name);
  await writeFile(command, `#!/bin/sh\n${script}\n`);
  await chmod(command, 0o755);
  return { said, command, args: [] };
}

void test('the first that answers wins, and earlier failures are kept', async () => {
  const bad = await program('bad', 'echo "x: No module named cellcost_lsp" >&2; exit 1');
  const good = await program('good', 'echo cellcost-lsp 1.2.3');
  const other = await program('other', 'echo cellcost-lsp 9.9.9');
  const found = await findServer([bad, good, other]);
  assert.equal(found.server, good);
  assert.equal(found.version, 'cellcost-lsp 1.2.3');
  assert.deepEqual(found.problems, [
    `PATH: ${bad.command}: cellcost is not installed there`
  ]);
});

void test('a place that is not there is no problem, unless it was set', async () => {
  const command = path.join(folder, 'missing');
  const found = await findServer([
    { said: 'PATH', command, args: [] },
    { said: 'the setting', command, args: [], isOrder: true }
  ]);
  assert.equal(found.server, undefined);
  assert.deepEqual(found.problems, [
    `the setting: ${command}: there is no such program`
  ]);
});

void test('an old Python is told as such', async () => {
  const old = await program(
    'python',
    'printf "Unknown option: -P\\nusage: x\\nTry \\`python -h\\x27 for more\\n" >&2; exit 2'
  );
  const found = await findServer([old]);
  assert.match(found.problems[0] ?? '', /older than Python 3\.11/);
});
