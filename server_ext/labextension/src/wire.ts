/** The shapes the server sends under `/cellcost/api` and on the event stream. */

/** Integer nano-USD as text; null where nothing is known. */
export type Nusd = string | null;

export type State = 'live' | 'unpriced' | 'partial' | 'estimated' | 'measured';

export interface Tokens {
  readonly input: number;
  readonly output: number;
  readonly cache_read: number;
  readonly cache_write: number;
  readonly reasoning: number;
}

/** Milliseconds of devices, weighted by the share of each device. */
export interface GpuTimes {
  readonly busy_ms: number;
  readonly held_ms: number;
}

export interface Total {
  readonly cost_nusd: Nusd;
  readonly n_unpriced: number;
  readonly n_partial: number;
  readonly n_estimated: number;
  readonly calls: number;
  readonly live_calls: number;
  readonly tokens: Tokens;
  readonly gpu: GpuTimes;
  readonly state: State;
}

export interface Breakdown {
  readonly cells: Total;
  readonly earlier_runs: Total;
  readonly other: Total;
}

export interface ModelUse {
  readonly model: string;
  readonly provider: string;
  readonly endpoint: string;
  readonly calls: number;
}

export interface Chip {
  readonly kind: 'info' | 'warn' | 'error';
  readonly text: string;
  readonly hint: string;
}

/** What a cell used of GPUs; null where it used none, or nobody measured it. */
export interface GpuUse extends GpuTimes {
  /** Short: `H100`, `H100 + 1`. */
  readonly name: string;
  /** Full names, most used first. */
  readonly devices: readonly string[];
  readonly cost_nusd: Nusd;
  readonly n_unpriced: number;
}

export interface CellView {
  readonly cell_id: string;
  readonly run_id: string;
  /** Of the source that was run; "" where it is not known. */
  readonly source_hash: string;
  readonly state: State;
  readonly cost_nusd: Nusd;
  readonly n_unpriced: number;
  readonly n_partial: number;
  readonly n_estimated: number;
  readonly calls: number;
  readonly live_calls: number;
  readonly failed_calls: number;
  readonly tokens: Tokens;
  readonly models: readonly ModelUse[];
  readonly started: string | null;
  readonly duration_seconds: number;
  readonly run_number: number;
  readonly chips: readonly Chip[];
  readonly gpu: GpuUse | null;
  readonly origin_note: string;
}

export interface Journal {
  readonly state: 'ok' | 'spooling' | 'memory';
  readonly detail: string;
}

export interface NotCaptured {
  readonly stack: string;
  readonly reason: string;
}

export interface Meter {
  readonly state: 'metered' | 'not_metered' | 'unknown';
  readonly detail: string;
  readonly not_captured: readonly NotCaptured[];
  readonly journal: Journal;
}

/** Answer of `GET /notebook`, and the body of a cells event (its changed cells, if any). */
export interface NotebookView {
  readonly path: string;
  readonly kernel_id: string;
  readonly rev: number;
  /** True where `cells` are all cells: one that is not among them is gone. */
  readonly whole: boolean;
  readonly meter: Meter;
  readonly cells: readonly CellView[];
  readonly total: Total;
  readonly breakdown: Breakdown;
}

export interface CallView {
  readonly id: string;
  readonly model: string;
  readonly provider: string;
  readonly endpoint: string;
  readonly operation: string;
  readonly state: State;
  readonly input: number;
  readonly cache_read: number;
  readonly output: number;
  readonly reasoning: number;
  readonly duration_seconds: number;
  readonly cost_nusd: Nusd;
  readonly note: string;
  readonly call_site: string;
  readonly status: number | null;
  readonly reasons: readonly string[];
  readonly retry_of: string;
}

export interface CallGroup {
  readonly label: string;
  readonly count: number;
  readonly input: number;
  readonly cache_read: number;
  readonly output: number;
  readonly duration_seconds: number;
  readonly cost_nusd: Nusd;
  readonly state: State;
}

export interface RunView {
  readonly run_id: string;
  readonly started: string | null;
  readonly cost_nusd: Nusd;
  readonly state: State;
  readonly n_unpriced: number;
}

export interface Alternative {
  readonly model: string;
  readonly cost_nusd: Nusd;
}

export interface PricedLine {
  readonly meter: string;
  readonly quantity: number;
  readonly cost_nusd: Nusd;
  readonly reason: string;
}

/** Answer of `GET /cell`. */
export interface CellDetail {
  readonly cell: CellView;
  readonly calls: readonly CallView[];
  readonly groups: readonly CallGroup[];
  readonly runs: readonly RunView[];
  readonly alternatives: readonly Alternative[];
  readonly tags: Readonly<Record<string, string>>;
  readonly lines: readonly PricedLine[];
}

/** A model, or the few that a call may use; `calls` null in a loop of unknown length. */
export interface ModelGuess {
  readonly model: string;
  readonly provider: string;
  readonly calls: number | null;
}

/** One call site; tokens and money are those of ONE call. */
export interface EstimateRow {
  readonly place: string;
  readonly model: string;
  readonly calls: number | null;
  readonly input_tokens: number;
  readonly input_open: boolean;
  readonly output_tokens: number;
  readonly output_high: number | null;
  readonly typical_nusd: Nusd;
  readonly low_nusd: Nusd;
  readonly high_nusd: Nusd;
  readonly reasons: readonly string[];
}

/** What one run of a cell will cost, loops included. */
export interface CellEstimate {
  readonly typical_nusd: Nusd;
  /** The same on the cheapest models that the calls may use. */
  readonly typical_low_nusd: Nusd;
  readonly high_nusd: Nusd;
  readonly n_unpriced: number;
  readonly calls: number | null;
  readonly input_tokens: number;
  readonly input_open: boolean;
  readonly output_tokens: number;
  readonly models: readonly ModelGuess[];
  readonly rows: readonly EstimateRow[];
  readonly rows_left_out: number;
  readonly chips: readonly Chip[];
  /** Changes when the source promises other figures, not when past calls teach more. */
  readonly basis: string;
}

export interface EstimatedCell {
  readonly cell_id: string;
  readonly source_hash: string;
  readonly estimate: CellEstimate | null;
}

/** Answer of `POST /estimate`: a cell for each that was asked, in their order. */
export interface EstimateAnswer {
  readonly path: string;
  readonly cells: readonly EstimatedCell[];
}

/** What `POST /estimate` is asked about. */
export interface SourceCell {
  readonly id: string;
  readonly source: string;
}

export interface ModelSpend {
  readonly model: string;
  readonly provider: string;
  readonly endpoint: string;
  readonly cost_nusd: Nusd;
  readonly n_unpriced: number;
  readonly n_partial: number;
  readonly n_estimated: number;
  readonly state: State;
  readonly calls: number;
}

export interface NowRow {
  readonly model: string;
  readonly path: string;
  readonly cell_id: string;
  readonly cost_nusd: Nusd;
  readonly tokens: Tokens;
}

/** One line of a panel card that the server words itself (GPU, guard, ledger). */
export interface CardRow {
  readonly text: string;
  readonly detail: string;
  readonly level?: Chip['kind'];
}

export interface Card {
  readonly title?: string;
  readonly rows: readonly CardRow[];
}

/** Answer of `GET /today`, and the body of a today event. */
export interface Today {
  readonly day: string;
  readonly total: Total;
  readonly by_model: readonly ModelSpend[];
  readonly now: readonly NowRow[];
  readonly journal: Journal;
  readonly gpu: readonly CardRow[];
  readonly guard: Card | null;
  readonly ledger: Card | null;
}
