/** Which figures belong to a run before the one that a cell now shows. */

/** Remembers, per cell, the run that was superseded; survives a page reload. */
export class Reruns {
  constructor(private readonly _store: Storage) {}

  /** The cell was started again while `runId` was the run shown under it. */
  supersede(path: string, cellId: string, runId: string): void {
    this._store.setItem(key(path, cellId), runId);
  }

  /** True if `runId` is of a run before the cell's current one. */
  isSuperseded(path: string, cellId: string, runId: string): boolean {
    return this._store.getItem(key(path, cellId)) === runId;
  }
}

function key(path: string, cellId: string): string {
  return `cellcost:rerun:${path}:${cellId}`;
}
