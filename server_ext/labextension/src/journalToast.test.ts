import { expect, it } from 'vitest';

import { JournalToast } from './journalToast.js';
import type { Journal } from './wire.js';

const OK: Journal = { state: 'ok', detail: '' };
const WAITS: Journal = { state: 'spooling', detail: '4 kB wait' };

it('tells a trouble once, takes it back, and tells the next one', () => {
  const said: string[] = [];
  const toast = new JournalToast({
    warn: text => `${said.push(text)}`,
    dismiss: id => said.push(`dismissed ${id}`)
  });
  for (const journal of [OK, WAITS, { ...WAITS, detail: '5 kB wait' }, OK, OK, WAITS]) {
    toast.show(journal);
  }
  const text = 'cellcost: journal trouble. Figures are not complete for now.';
  expect(said).toEqual([text, 'dismissed 1', text]);
});
