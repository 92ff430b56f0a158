/** How sure a figure is, said the same way everywhere: `≈`, `≥`, `unpriced`. */

import { exactMoney, money } from './format.js';
import type { Journal, Nusd, State } from './wire.js';

/** What is needed to say a figure together with its certainty. */
export interface Figure {
  readonly cost_nusd: Nusd;
  readonly state: State;
  readonly n_unpriced: number;
  readonly n_partial?: number;
  readonly n_estimated?: number;
}

/** The figure with its certainty: `$0.0132`, `≈ $0.0214`, `≥ $0.004`, `unpriced`. */
export function figure(view: Figure): string {
  if (view.cost_nusd === null) {
    if (view.n_unpriced > 0) {
      return 'unpriced';
    }
    return view.state === 'live' ? '…' : 'unknown';
  }
  return prefix(view) + money(BigInt(view.cost_nusd));
}

/** `≥ ` where something is missing, else `≈ ` where something is estimated. */
function prefix(view: Figure): string {
  if (isLowerBound(view)) {
    return '≥ ';
  }
  if (view.state === 'live' || view.state === 'estimated') {
    return '≈ ';
  }
  return (view.n_estimated ?? 0) > 0 ? '≈ ' : '';
}

/** True where the figure is only the known part. */
export function isLowerBound(view: Figure): boolean {
  return (
    view.state === 'unpriced' ||
    view.state === 'partial' ||
    view.n_unpriced > 0 ||
    (view.n_partial ?? 0) > 0
  );
}

/**
 * The figure as it may be said while `journal` has trouble: records wait that are not in
 * it, so that it is a lower bound whatever its calls are.
 */
export function asKnown<F extends Figure>(view: F, journal: Journal | undefined): F {
  const complete = journal === undefined || journal.state === 'ok';
  return complete ? view : { ...view, n_partial: Math.max(1, view.n_partial ?? 0) };
}

/** The figure to the nano-dollar and in words, for tooltips. */
export function exactFigure(view: Figure): string {
  if (view.cost_nusd === null) {
    return view.state === 'live' ? 'nothing known yet' : 'no price known';
  }
  const exact = exactMoney(BigInt(view.cost_nusd));
  const soFar = view.state === 'live' ? ' so far' : '';
  if (isLowerBound(view)) {
    return `at least ${exact}${soFar}`;
  }
  if (soFar) {
    return `about ${exact}${soFar}`;
  }
  const estimated = view.state === 'estimated' || (view.n_estimated ?? 0) > 0;
  return estimated ? `about ${exact} (estimated)` : `exactly ${exact}`;
}
