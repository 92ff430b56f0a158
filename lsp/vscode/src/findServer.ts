/** The first place whose server answers, and why the others do not. */

import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import type { Place } from './places.ts';
import { lastLine, run } from './programs.ts';

/** Milliseconds: a cold disk and a busy machine can take long to start Python. */
const PATIENCE = 30_000;

export interface Found {
  readonly server: Place | undefined;
  /** `cellcost-lsp 0.1.0`. */
  readonly version: string;
  /** One line for each place that is there and does not work. */
  readonly problems: readonly string[];
}

/** Asks each place for its version; the first that answers wins. */
export async function findServer(tried: readonly Place[]): Promise<Found> {
  const problems: string[] = [];
  for (const place of tried) {
    if (place.isOrder !== true && !(await isThere(place.command))) {
      continue;
    }
    const args = [...place.args, '--version'];
    const done = await run(place.command, args, { timeout: PATIENCE });
    if (done.ok) {
      return { server: place, version: lastLine(done.stdout), problems };
    }
    problems.push(`${place.said}: ${place.command}: ${plain(done.problem)}`);
  }
  return { server: undefined, version: '', problems };
}

async function isThere(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function plain(problem: string): string {
  if (problem.endsWith('No module named cellcost_lsp')) {
    return 'cellcost is not installed there';
  }
  return problem.endsWith('Unknown option: -P') || problem.includes('python -h')
    ? 'it is older than Python 3.11'
    : problem;
}
