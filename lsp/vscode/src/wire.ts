/** What the server tells beside the protocol, read without trust in its version. */

export const TODAY = 'cellcost/today';
export const CELLS = 'cellcost/cells';
export const STATE = 'cellcost/state';

/** What was spent today. */
export interface Today {
  readonly text: string;
  /** Markdown. */
  readonly tooltip: string;
}

/** What a cell really cost, so far. */
export interface CellCost {
  readonly uri: string;
  readonly text: string;
  readonly tooltip: string;
}

/** The cells of one notebook that cost something. */
export interface CellCosts {
  readonly notebook: string;
  readonly cells: readonly CellCost[];
}

/** How the server is; `message` says why if it is in trouble. */
export interface State {
  readonly state: string;
  readonly message: string;
}

/** Reads `cellcost/today`. */
export function today(given: unknown): Today | undefined {
  const text = field(given, 'text');
  return text === '' ? undefined : { text, tooltip: field(given, 'tooltip') };
}

/** Reads `cellcost/cells`. */
export function cellCosts(given: unknown): CellCosts | undefined {
  const notebook = field(given, 'notebook');
  const cells: unknown = (given as { cells?: unknown } | null)?.cells;
  if (notebook === '' || !Array.isArray(cells)) {
    return undefined;
  }
  const read = cells.map((cell: unknown) => ({
    uri: field(cell, 'uri'),
    text: field(cell, 'text'),
    tooltip: field(cell, 'tooltip')
  }));
  return {
    notebook,
    cells: read.filter(cell => cell.uri !== '' && cell.text !== '')
  };
}

/** Reads `cellcost/state`. */
export function state(given: unknown): State {
  return { state: field(given, 'state'), message: field(given, 'message') };
}

/** A field's text; "" if it has none. */
export function field(given: unknown, name: string): string {
  if (typeof given !== 'object' || given === null) {
    return '';
  }
  const value = (given as Record<string, unknown>)[name];
  return typeof value === 'string' ? value : '';
}
