/** In which notebooks the user wants no more marks on large models. */

const PREFIX = 'cellcost:no-large-mark:';

/** Remembers what was dismissed in this browser, for one server. */
export class Dismissals {
  constructor(
    private readonly _store: Pick<Storage, 'getItem' | 'setItem'>,
    private readonly _baseUrl: string
  ) {}

  dismiss(path: string): void {
    this.#known.add(path);
    try {
      this._store.setItem(PREFIX + this._baseUrl + path, '1');
    } catch {
      // Full or forbidden storage: it then lasts until the page is reloaded.
    }
  }

  isDismissed(path: string): boolean {
    return this.#known.has(path) || this.#stored(path);
  }

  #stored(path: string): boolean {
    try {
      return this._store.getItem(PREFIX + this._baseUrl + path) !== null;
    } catch {
      return false;
    }
  }

  readonly #known = new Set<string>();
}
