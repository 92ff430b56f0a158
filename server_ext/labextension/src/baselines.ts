/** What a run was to cost when it began: tells whether an edit since changed that. */

import type { CellEstimate, CellView, EstimatedCell } from './wire.js';

interface Baseline {
  readonly runId: string;
  readonly sourceHash: string;
  readonly basis: string;
}

export class Baselines {
  /** A cell began a run while this was known of it. */
  started(cellId: string, known: EstimatedCell | undefined): void {
    if (known) {
      this.#started.set(cellId, known);
    }
  }

  /** True where `known` promises other figures than the source of the run in `view`. */
  differs(view: CellView, known: EstimatedCell | undefined): boolean {
    if (!known || !view.source_hash) {
      return false;
    }
    const base = this.#baseOf(view, known);
    return base
      ? base.basis !== basisOf(known.estimate)
      : known.source_hash !== view.source_hash;
  }

  #baseOf(view: CellView, known: EstimatedCell): Baseline | undefined {
    const { cell_id: id, run_id: runId, source_hash: hash } = view;
    let base = this.#bases.get(id);
    if (base?.runId !== runId) {
      const started = this.#started.get(id);
      this.#started.delete(id);
      base = started && baseline(runId, started);
    }
    // An estimate of the very source that ran is the better base.
    if (base?.sourceHash !== hash && known.source_hash === hash) {
      base = baseline(runId, known);
    }
    if (base) {
      this.#bases.set(id, base);
    }
    return base;
  }

  readonly #started = new Map<string, EstimatedCell>();
  readonly #bases = new Map<string, Baseline>();
}

function baseline(runId: string, { source_hash, estimate }: EstimatedCell): Baseline {
  return { runId, sourceHash: source_hash, basis: basisOf(estimate) };
}

function basisOf(guess: CellEstimate | null): string {
  return guess?.basis ?? '';
}
