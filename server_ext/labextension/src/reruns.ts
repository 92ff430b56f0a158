/** Which figures belong to a run before the one that a cell now shows. */

const PREFIX = 'cellcost:superseded:';

/** Remembers the superseded runs; survives a page reload, a rename, a copied notebook. */
export class Reruns {
  constructor(private readonly _store: Pick<Storage, 'getItem' | 'setItem'>) {}

  /** A cell was started again while `runId` was the run shown under it. */
  supersede(runId: string): void {
    this.#known.set(runId, true);
    try {
      this._store.setItem(PREFIX + runId, '1');
    } catch {
      // Full or forbidden storage: the mark then lasts until the page is reloaded.
    }
  }

  /** True if `runId` is of a run before its cell's current one. */
  isSuperseded(runId: string): boolean {
    const known = this.#known.get(runId);
    if (known !== undefined) {
      return known;
    }
    const stored = this._store.getItem(PREFIX + runId) !== null;
    this.#known.set(runId, stored);
    return stored;
  }

  readonly #known = new Map<string, boolean>();
}
