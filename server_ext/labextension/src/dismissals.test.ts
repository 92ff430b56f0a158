import { describe, expect, it } from 'vitest';

import { Dismissals } from './dismissals.js';

describe('dismissed marks', () => {
  it('stay dismissed for one notebook of one server', () => {
    const store = new Map<string, string>();
    const storage = {
      getItem: (key: string) => store.get(key) ?? null,
      setItem: (key: string, value: string) => void store.set(key, value)
    };
    new Dismissals(storage, 'http://hub/user/ada/').dismiss('a.ipynb');
    const later = new Dismissals(storage, 'http://hub/user/ada/');
    expect(later.isDismissed('a.ipynb')).toBe(true);
    expect(later.isDismissed('b.ipynb')).toBe(false);
    expect(new Dismissals(storage, 'http://hub/user/bob/').isDismissed('a.ipynb')).toBe(false);
  });

  it('last for the page where nothing can be stored', () => {
    const refuse = (): never => {
      throw new Error('forbidden');
    };
    const made = new Dismissals({ getItem: refuse, setItem: refuse }, '/');
    expect(made.isDismissed('a.ipynb')).toBe(false);
    made.dismiss('a.ipynb');
    expect(made.isDismissed('a.ipynb')).toBe(true);
  });
});
