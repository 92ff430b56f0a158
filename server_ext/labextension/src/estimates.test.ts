import { Signal } from '@lumino/signaling';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { ApiError } from './api.js';
import { EstimateSource } from './estimateSource.js';
import { CellEstimates } from './estimates.js';
import type { Ran, Sources } from './notebookSources.js';
import { cell, estimate } from './testing/views.js';
import type {
  CellEstimate,
  EstimateAnswer,
  EstimatedCell,
  SourceCell
} from './wire.js';

const IMPORT = 'from openai import OpenAI';

/** A notebook whose sources the test writes. */
class Page implements Sources {
  isPython = true;
  isVisible = true;
  cells: readonly SourceCell[] = [];
  readonly changed = new Signal<this, void>(this);
  readonly ran = new Signal<this, Ran>(this);

  write(...sources: string[]): void {
    this.cells = sources.map((source, n) => ({ id: `c${n}`, source }));
    this.changed.emit();
  }

  run(id: string, running: boolean): void {
    const source = this.cells.find(one => one.id === id)?.source ?? '';
    this.ran.emit({ id, source, running });
  }
}

/** A server that prices each cell by the length of its source; `fail` refuses. */
class Server {
  asked: (readonly SourceCell[])[] = [];
  fail: Error | null = null;

  estimate(path: string, cells: readonly SourceCell[]): Promise<EstimateAnswer> {
    this.asked.push(cells);
    if (this.fail) {
      return Promise.reject(this.fail);
    }
    return Promise.resolve({ path, cells: cells.map(priced) });
  }
}

function figures(source: string): Pick<CellEstimate, 'typical_nusd' | 'basis'> {
  const length = String(source.replaceAll(' ', '').length);
  return { typical_nusd: length, basis: `of ${length}` };
}

function priced({ id, source }: SourceCell): EstimatedCell {
  return {
    cell_id: id,
    source_hash: source,
    estimate: source.includes('create') ? estimate(figures(source)) : null
  };
}

function bench(): { page: Page; server: Server; estimates: CellEstimates; told: string[] } {
  const page = new Page();
  const server = new Server();
  const estimates = new CellEstimates(page, new EstimateSource(server));
  const told: string[] = [];
  estimates.changed.connect((_, ids) => told.push(...ids));
  estimates.path = 'a.ipynb';
  return { page, server, estimates, told };
}

const pause = (ms = 600): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

describe('the estimates of a notebook', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('are asked for once edits pause, all cells together', async () => {
    const { page, server, estimates, told } = bench();
    page.write(IMPORT, 'create');
    await pause(300);
    page.write(IMPORT, 'create(1)');
    await pause(300);
    expect(server.asked).toHaveLength(0);
    await pause();
    expect(server.asked).toHaveLength(1);
    expect(estimates.before('c1')?.typical_nusd).toBe('9');
    expect(estimates.before('c0')).toBeNull();
    expect(told).toContain('c1');
  });

  it('are not asked for again while no source changed', async () => {
    const { page, server } = bench();
    page.write(IMPORT, 'create');
    await pause();
    page.write(IMPORT, 'create');
    await pause();
    expect(server.asked).toHaveLength(1);
  });

  it('are not asked for where no cell could call a model', async () => {
    const { page, server } = bench();
    page.write('1 + 1', 'x = 2');
    await pause();
    expect(server.asked).toHaveLength(0);
  });

  it('tell only of the cells that changed', async () => {
    const { page, told } = bench();
    page.write(IMPORT, 'create', 'create(2)');
    await pause();
    told.length = 0;
    page.write(IMPORT, 'create', 'create(22)');
    await pause();
    expect(told).toEqual(['c2']);
  });

  it('wait until a hidden notebook is shown', async () => {
    const { page, server } = bench();
    page.isVisible = false;
    page.write(IMPORT, 'create');
    await pause();
    expect(server.asked).toHaveLength(0);
    page.isVisible = true;
    page.changed.emit();
    await pause();
    expect(server.asked).toHaveLength(1);
  });

  it('are none for another language', async () => {
    const { page, server, estimates } = bench();
    page.write(IMPORT, 'create');
    await pause();
    page.isPython = false;
    page.changed.emit();
    await pause();
    expect(server.asked).toHaveLength(1);
    expect(estimates.before('c1')).toBeNull();
  });

  it('go when the user turns them off, and come back', async () => {
    const { page, estimates, told } = bench();
    page.write(IMPORT, 'create');
    await pause();
    estimates.enabled = false;
    expect(estimates.before('c1')).toBeNull();
    expect(told).toContain('c1');
    await pause();
    expect(estimates.before('c1')).toBeNull();
    estimates.enabled = true;
    await pause();
    expect(estimates.before('c1')).not.toBeNull();
  });

  it.each([401, 403, 404, 405])('stop for good on a server that answers %i', async status => {
    const { page, server, estimates } = bench();
    server.fail = new ApiError('no', '', status);
    page.write(IMPORT, 'create');
    await pause();
    page.write(IMPORT, 'create(2)');
    await pause();
    expect(server.asked).toHaveLength(1);
    expect(estimates.before('c1')).toBeNull();
  });

  it('show nothing rather than something old after a failure, and ask again', async () => {
    const { page, server, estimates } = bench();
    page.write(IMPORT, 'create');
    await pause();
    server.fail = new Error('offline');
    page.write(IMPORT, 'create(2)');
    await pause();
    expect(estimates.before('c1')).toBeNull();
    server.fail = null;
    page.changed.emit();
    await pause();
    expect(estimates.before('c1')?.typical_nusd).toBe('9');
  });

  it('stay while a newer question overtakes, and are asked for again', async () => {
    const { page, server, estimates } = bench();
    page.write(IMPORT, 'create');
    await pause();
    server.fail = new ApiError('overtaken', '', 409);
    page.write(IMPORT, 'create(2)');
    await pause(510);
    expect(estimates.before('c1')?.typical_nusd).toBe('6');
    server.fail = null;
    await pause();
    expect(estimates.before('c1')?.typical_nusd).toBe('9');
  });

  it('ignore an answer that comes after a newer question', async () => {
    const { page, server, estimates } = bench();
    const slow: ((answer: EstimateAnswer) => void)[] = [];
    server.estimate = (_, cells) =>
      new Promise(resolve => {
        server.asked.push(cells);
        slow.push(resolve);
      });
    page.write(IMPORT, 'create');
    await pause();
    page.write(IMPORT, 'create(2)');
    await pause();
    const [first = [], second = []] = server.asked;
    slow[1]?.({ path: 'a.ipynb', cells: second.map(priced) });
    await pause(0);
    slow[0]?.({ path: 'a.ipynb', cells: first.map(priced) });
    await pause(0);
    expect(estimates.before('c1')?.typical_nusd).toBe('9');
  });
});

describe('a run', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('keeps its estimate until figures can be there, then drops it', async () => {
    const { page, estimates, told } = bench();
    page.write(IMPORT, 'create');
    await pause();
    page.run('c1', true);
    expect(estimates.before('c1')).not.toBeNull();
    page.run('c1', false);
    expect(estimates.before('c1')).not.toBeNull();
    told.length = 0;
    await pause(2_000);
    expect(estimates.before('c1')).toBeNull();
    expect(estimates.now('c1')).not.toBeNull();
    expect(told).toEqual(['c1']);
  });

  it('that made no call brings its estimate back no second time', async () => {
    const { page, estimates } = bench();
    page.write(IMPORT, 'create');
    await pause();
    page.run('c1', true);
    page.run('c1', false);
    await pause(2_000);
    page.run('c1', true);
    expect(estimates.before('c1')).toBeNull();
    page.run('c1', false);
    await pause(2_000);
    expect(estimates.before('c1')).toBeNull();
  });

  it('is over for its own source only, and until the kernel restarts', async () => {
    const { page, estimates } = bench();
    page.write(IMPORT, 'create');
    await pause();
    page.run('c1', true);
    page.run('c1', false);
    await pause(2_000);
    page.write(IMPORT, 'create(2)');
    await pause();
    expect(estimates.before('c1')).not.toBeNull();
    page.write(IMPORT, 'create');
    await pause();
    expect(estimates.before('c1')).toBeNull();
    estimates.forgetRuns();
    expect(estimates.before('c1')).not.toBeNull();
  });

  it('is told apart from edits by what they would cost', async () => {
    const { page, estimates } = bench();
    const ran = cell({ cell_id: 'c1', run_id: 'r1', source_hash: 'create' });
    page.write(IMPORT, 'create');
    await pause();
    expect(estimates.differs(ran)).toBe(false);
    page.write(IMPORT, 'create ');
    await pause();
    expect(estimates.differs(ran)).toBe(false);
    page.write(IMPORT, 'create(2)');
    await pause();
    expect(estimates.differs(ran)).toBe(true);
    page.run('c1', true);
    page.run('c1', false);
    const again = { ...ran, run_id: 'r2', source_hash: 'create(2)' };
    expect(estimates.differs(again)).toBe(false);
  });

  it('does not differ because past calls teach another length', async () => {
    const { page, server, estimates } = bench();
    page.write(IMPORT, 'create');
    await pause();
    const ran = cell({ cell_id: 'c1', run_id: 'r1', source_hash: 'create' });
    expect(estimates.differs(ran)).toBe(false);
    server.estimate = (path, cells) =>
      Promise.resolve({
        path,
        cells: cells.map(one => {
          const known = priced(one);
          const learnt = known.estimate && { ...known.estimate, typical_nusd: '7' };
          return { ...known, estimate: learnt };
        })
      });
    page.write(IMPORT + ' # x', 'create');
    await pause();
    expect(estimates.now('c1')?.typical_nusd).toBe('7');
    expect(estimates.differs(ran)).toBe(false);
  });

  it('before the page was loaded differs if the source does', async () => {
    const { page, estimates } = bench();
    page.write(IMPORT, 'create');
    await pause();
    const old = cell({ cell_id: 'c1', source_hash: 'create(9)' });
    expect(estimates.differs(old)).toBe(true);
    expect(estimates.differs({ ...old, source_hash: '' })).toBe(false);
    expect(estimates.differs(cell({ cell_id: 'unknown' }))).toBe(false);
  });
});
