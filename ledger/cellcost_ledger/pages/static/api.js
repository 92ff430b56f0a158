// @ts-check
/** Questions to the ledger. */

/**
 * @typedef {object} Sums
 * @property {string | null} cost_nusd
 * @property {number} events
 * @property {number} calls
 * @property {number} n_priced
 * @property {number} n_unpriced
 * @property {number} input_tokens
 * @property {number} output_tokens
 */
/** @typedef {Sums & Partial<Record<import('./state.js').Tag | 'time', string>>} SpendRow */
/** @typedef {{since: string, until: string, rows: SpendRow[], total: Sums}} Spend */
/**
 * @typedef {object} Line
 * @property {number} line_no
 * @property {string} meter
 * @property {string} variant
 * @property {number} quantity
 * @property {string | null} list_rate
 * @property {string | null} contracted_rate
 * @property {string | null} cost_nusd
 * @property {string} reason
 */
/**
 * @typedef {object} LedgerEvent
 * @property {string} id
 * @property {string} installation
 * @property {number} seq
 * @property {number} time_us
 * @property {string} kind
 * @property {string} confidence
 * @property {string} team
 * @property {string} user
 * @property {string} provider
 * @property {string} model
 * @property {string | null} cost_nusd
 * @property {number} n_unpriced
 * @property {number} input_tokens
 * @property {number} output_tokens
 * @property {{call_site?: string, notebook?: string, tags?: Record<string, string>}} where
 * @property {Line[]} lines
 */
/**
 * @typedef {object} Installation
 * @property {string} installation
 * @property {string} team
 * @property {string} client
 * @property {number} last_seen_us
 * @property {number} last_contiguous_seq
 * @property {number} highest_seq
 * @property {number} gaps
 * @property {boolean} forked
 * @property {number} clock_off Events of a clock that was wrong.
 */
/** @typedef {{team: string, teams: string[], user: string, scopes: string[]}} Whoami */

/** The ledger refused, or did not answer (status 0). */
export class Refused extends Error {
  /**
   * @param {number} status
   * @param {string} message
   * @param {string} hint
   */
  constructor(status, message, hint) {
    super(message);
    this.status = status;
    this.hint = hint;
  }
}

/**
 * @param {string} path
 * @param {URLSearchParams} query
 * @param {AbortSignal} [signal]
 * @returns {Promise<unknown>}
 */
async function ask(path, query, signal) {
  let answer;
  try {
    const text = query.toString();
    answer = await fetch(`/api/v1/${path}${text ? `?${text}` : ''}`, {
      ...(signal ? { signal } : {}),
      headers: { Accept: 'application/json' }
    });
  } catch (error) {
    if (signal?.aborted) {
      throw error;
    }
    throw new Refused(0, 'The ledger does not answer.', 'Is the network there?');
  }
  if (answer.ok) {
    return answer.json();
  }
  throw await refusal(answer);
}

/**
 * What a refusing answer says.
 *
 * @param {Response} answer
 */
export async function refusal(answer) {
  /** @type {{message?: string, hint?: string}} */
  let told = {};
  try {
    /** @type {unknown} */
    const parsed = JSON.parse(await answer.text());
    told = /** @type {typeof told} */ (parsed);
  } catch {
    // A proxy's own page.
  }
  const message = told.message ?? `The ledger answered ${answer.status}.`;
  return new Refused(answer.status, message, told.hint ?? '');
}

/**
 * @param {URLSearchParams} query
 * @param {AbortSignal} [signal]
 */
export async function askSpend(query, signal) {
  return /** @type {Spend} */ (await ask('spend', query, signal));
}

/**
 * @param {URLSearchParams} query
 * @param {AbortSignal} [signal]
 */
export async function askEvents(query, signal) {
  return /** @type {{events: LedgerEvent[], next: string | null}} */ (
    await ask('events', query, signal)
  );
}

/**
 * @param {URLSearchParams} query
 * @param {AbortSignal} [signal]
 */
export async function askInstallations(query, signal) {
  return /** @type {{installations: Installation[], next: string | null}} */ (
    await ask('installations', query, signal)
  );
}

/**
 * @param {URLSearchParams} query
 * @param {AbortSignal} [signal]
 */
export async function askRecent(query, signal) {
  return /** @type {{total: Sums}} */ (await ask('recent', query, signal));
}

export async function askWhoami() {
  return /** @type {Whoami} */ (await ask('whoami', new URLSearchParams()));
}
