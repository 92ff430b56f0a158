import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Known, places } from './places.ts';

const NOTHING: Known = {
  setting: '',
  interpreter: '',
  folders: [],
  trusted: true,
  path: '',
  home: '/h/ada',
  own: '/storage/env',
  windows: false
};

function commands(known: Partial<Known>): readonly string[] {
  return places({ ...NOTHING, ...known }).map(place => place.command);
}

void test('the order is interpreter, .venv, PATH, own environment', () => {
  const found = commands({
    interpreter: '/py/bin/python',
    folders: ['/one', '/two'],
    path: '/usr/bin:/opt/bin'
  });
  assert.deepEqual(found, [
    '/py/bin/python',
    '/one/.venv/bin/python',
    '/two/.venv/bin/python',
    '/usr/bin/cellcost-lsp',
    '/opt/bin/cellcost-lsp',
    '/storage/env/bin/python'
  ]);
});

void test('a setting is an order: nothing else is tried beside it', () => {
  const known = { folders: ['/one'], path: '/usr/bin' };
  assert.deepEqual(commands({ ...known, setting: '/x/cellcost-lsp' }), [
    '/x/cellcost-lsp'
  ]);
});

void test('a setting may name an interpreter, a home or the workspace', () => {
  const [python] = places({ ...NOTHING, setting: '/x/bin/python3.12' });
  assert.deepEqual(python?.args, ['-P', '-m', 'cellcost_lsp']);
  const [script] = places({ ...NOTHING, setting: '/x/bin/cellcost-lsp' });
  assert.deepEqual(script?.args, []);
  assert.deepEqual(commands({ setting: '~/bin/cellcost-lsp' }), [
    '/h/ada/bin/cellcost-lsp'
  ]);
  const folders = ['/one', '/two'];
  assert.deepEqual(commands({ setting: '${workspaceFolder}/x', folders }), ['/one/x']);
  assert.deepEqual(commands({ setting: 'tools/x', folders }), ['/one/tools/x']);
});

void test('nothing of a workspace that is not trusted is run', () => {
  const found = commands({
    trusted: false,
    interpreter: '/one/.venv/bin/python',
    folders: ['/one'],
    path: '/usr/bin'
  });
  assert.deepEqual(found, ['/usr/bin/cellcost-lsp', '/storage/env/bin/python']);
});

void test('PATH entries that depend on the current folder are left out', () => {
  assert.deepEqual(commands({ path: ':.:bin:/usr/bin' }), [
    '/usr/bin/cellcost-lsp',
    '/storage/env/bin/python'
  ]);
});

void test('an interpreter that two places name is tried once', () => {
  const found = commands({ interpreter: '/one/.venv/bin/python', folders: ['/one'] });
  assert.deepEqual(found, ['/one/.venv/bin/python', '/storage/env/bin/python']);
});

void test('Windows has its own names', () => {
  const found = commands({
    windows: true,
    folders: ['C:\\one'],
    path: 'C:\\tools;bin',
    own: 'C:\\own'
  });
  assert.deepEqual(found, [
    'C:\\one\\.venv\\Scripts\\python.exe',
    'C:\\tools\\cellcost-lsp.exe',
    'C:\\own\\Scripts\\python.exe'
  ]);
});
