/** The server's figures, over HTTP: right under any base URL, with the user's login. */

import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import type {
  CellDetail,
  EstimateAnswer,
  NotebookView,
  SourceCell,
  Today
} from './wire.js';

/** An answer that is no figure: says what happened and what to do next. */
export class ApiError extends Error {
  constructor(
    message: string,
    readonly hint: string,
    readonly status: number
  ) {
    super(message);
    this.name = 'ApiError';
  }
}

export class Api {
  constructor(readonly settings: ServerConnection.ISettings) {}

  /** All that is known of a notebook. */
  notebook(path: string, kernelId: string): Promise<NotebookView> {
    return this.#get<NotebookView>('notebook', { path, kernel_id: kernelId });
  }

  /** What is behind one badge. */
  cell(path: string, cellId: string): Promise<CellDetail> {
    return this.#get<CellDetail>('cell', { path, cell_id: cellId });
  }

  /** What today cost so far. */
  today(): Promise<Today> {
    return this.#get<Today>('today', {});
  }

  /** What cells will cost. */
  estimate(path: string, cells: readonly SourceCell[]): Promise<EstimateAnswer> {
    const body = JSON.stringify({ path, cells });
    return this.#ask<EstimateAnswer>(this.#url('estimate'), { method: 'POST', body });
  }

  #get<T>(name: string, query: Record<string, string>): Promise<T> {
    return this.#ask<T>(this.#url(name) + URLExt.objectToQueryString(query), {});
  }

  #url(name: string): string {
    return URLExt.join(this.settings.baseUrl, 'cellcost/api', name);
  }

  async #ask<T>(url: string, request: RequestInit): Promise<T> {
    const response = await ServerConnection.makeRequest(url, request, this.settings);
    if (!response.ok) {
      throw await refusal(response);
    }
    return (await response.json()) as T;
  }
}

async function refusal(response: Response): Promise<ApiError> {
  const fallback = `The server answered ${response.status} ${response.statusText}.`;
  try {
    const body = (await response.json()) as { message?: string; hint?: string };
    return new ApiError(body.message ?? fallback, body.hint ?? '', response.status);
  } catch {
    return new ApiError(fallback, '', response.status);
  }
}
