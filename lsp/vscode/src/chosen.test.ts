import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chosen } from './chosen.ts';

void test('a default is not sent', () => {
  assert.deepEqual(
    chosen(() => ({})),
    { editor: {} }
  );
  assert.deepEqual(
    chosen(() => undefined),
    { editor: {} }
  );
});

void test('the nearest value is sent', () => {
  const values: Record<string, object> = {
    'editor.hints': { globalValue: 'on', workspaceValue: 'off' },
    'editor.off': { globalValue: ['COST001'] },
    environment: { globalValue: 'a', workspaceValue: 'b', workspaceFolderValue: 'c' }
  };
  assert.deepEqual(
    chosen(key => values[key]),
    { editor: { hints: 'off', off: ['COST001'] }, environment: 'c' }
  );
});
