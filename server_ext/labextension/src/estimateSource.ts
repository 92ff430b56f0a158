/** Where estimates come from: the server, as long as it has any. */

import { type Api, ApiError } from './api.js';
import type { EstimatedCell, SourceCell } from './wire.js';

// What the server refuses for good: no such route (an older server), or not this user.
const FOR_GOOD = new Set([401, 403, 404, 405]);
const SUPERSEDED = 409;

export class EstimateSource {
  constructor(api: Pick<Api, 'estimate'>) {
    this.#api = api;
  }

  /** False once it is clear that this server gives no estimates. */
  get open(): boolean {
    return this.#open;
  }

  /** The cells' estimates; null where there are none now. */
  async ask(
    path: string,
    cells: readonly SourceCell[]
  ): Promise<readonly EstimatedCell[] | 'superseded' | null> {
    try {
      return (await this.#api.estimate(path, cells)).cells;
    } catch (error) {
      const status = error instanceof ApiError ? error.status : 0;
      this.#open &&= !FOR_GOOD.has(status);
      return status === SUPERSEDED ? 'superseded' : null;
    }
  }

  readonly #api: Pick<Api, 'estimate'>;
  #open = true;
}
