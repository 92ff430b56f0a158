import { describe, expect, it } from 'vitest';

import { Badge } from './badge.js';
import { badgeLine, type Moment } from './badgeLine.js';
import { cell } from './testing/views.js';
import type { Chip } from './wire.js';

const QUIET: Moment = {
  running: false,
  superseded: false,
  sayPrevious: true,
  age_seconds: 0
};

describe('the badge', () => {
  it('carries what tests and scripts read', () => {
    const badge = new Badge('c1');
    badge.render(badgeLine(cell(), QUIET));
    expect(badge.button.dataset).toMatchObject({
      cellcost: 'badge',
      cellId: 'c1',
      state: 'measured',
      costNusd: '13245120'
    });
  });

  it('has no cost where nothing is known', () => {
    const badge = new Badge('c1');
    badge.render(badgeLine(cell(), QUIET));
    const unknown = cell({ state: 'unpriced', cost_nusd: null, n_unpriced: 1 });
    badge.render(badgeLine(unknown, QUIET));
    expect(badge.button.hasAttribute('data-cost-nusd')).toBe(false);
    expect(badge.button.classList.contains('cc-mod-light')).toBe(true);
  });

  it('touches no element that says the same as before', () => {
    const badge = new Badge('c1');
    badge.render(badgeLine(cell(), QUIET));
    const before = [...badge.button.children];
    badge.render(badgeLine(cell({ cost_nusd: '14000000' }), QUIET));
    expect([...badge.button.children]).toEqual(before);
  });

  it('shows ten chips after the figures and drops what is gone', () => {
    const chips = Array.from({ length: 10 }, (_, n): Chip => ({
      kind: 'info',
      text: `chip ${n}`,
      hint: ''
    }));
    const badge = new Badge('c1');
    badge.render(badgeLine(cell({ chips }), QUIET));
    expect(badge.button.querySelectorAll('.cc-Badge-chip')).toHaveLength(10);
    badge.render(badgeLine(cell(), QUIET));
    expect(badge.button.querySelectorAll('.cc-Badge-chip')).toHaveLength(0);
    expect(badge.button.children).toHaveLength(5);
  });

  it('opens by click, Enter and Space, and by no other key', () => {
    const badge = new Badge('c1');
    let opened = 0;
    badge.opened.connect(() => (opened += 1));
    badge.button.click();
    document.body.append(badge.node);
    badge.button.focus();
    for (const key of ['Enter', ' ', 'a', 'Tab']) {
      badge.button.dispatchEvent(new KeyboardEvent('keydown', { key }));
    }
    expect(opened).toBe(3);
    badge.button.blur();
    badge.button.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter' }));
    expect(opened).toBe(3);
  });
});
