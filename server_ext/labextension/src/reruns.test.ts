import { expect, it } from 'vitest';

import { Reruns } from './reruns.js';

it('remembers a superseded run over a reload', () => {
  new Reruns(window.sessionStorage).supersede('r1');
  const reloaded = new Reruns(window.sessionStorage);
  expect(reloaded.isSuperseded('r1')).toBe(true);
  expect(reloaded.isSuperseded('r2')).toBe(false);
});

it('works on without a storage that accepts anything', () => {
  const full = {
    getItem: () => null,
    setItem: (): void => {
      throw new DOMException('full', 'QuotaExceededError');
    }
  };
  const reruns = new Reruns(full);
  reruns.supersede('r1');
  expect(reruns.isSuperseded('r1')).toBe(true);
});
