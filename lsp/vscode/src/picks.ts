/** The server's answers to commands, as lines of a list to pick from. */

import { field } from './wire.ts';

export interface Pick {
  readonly label: string;
  readonly description: string;
  readonly detail?: string;
  /** Where picking it leads: a document and a line, from 0. */
  readonly at?: { readonly uri: string; readonly line: number };
}

/** What running everything in the workspace once costs, then by model. */
export function totalsPicks(answer: unknown): readonly Pick[] {
  const calls = count(answer, 'calls');
  if (calls === 0) {
    const label = isWhole(answer) ? 'No model calls found' : 'Still reading';
    return [{ label, description: 'in the Python files and notebooks of this workspace' }];
  }
  const where = `${counted(calls, 'call')} in ${counted(count(answer, 'files'), 'file')}`;
  const whole = {
    label: `${field(answer, 'text')} to run everything once`,
    description: where,
    ...noted(answer, isWhole(answer) ? [] : ['not every file was read yet'])
  };
  const rows = list(answer, 'byModel').map(row => ({
    label: field(row, 'model'),
    description: `${field(row, 'text')} · ${counted(count(row, 'calls'), 'call')}`,
    ...noted(row, [])
  }));
  return [whole, ...rows];
}

/** The calls of a file, function or cell; picking one leads to it. */
export function callPicks(answer: unknown): readonly Pick[] {
  return (Array.isArray(answer) ? answer : []).map((row: unknown) => {
    const line = count(row, 'line');
    const models = list(row, 'models').filter(model => typeof model === 'string');
    return {
      label: models.join(' | ') || 'unknown model',
      description: [field(row, 'text'), `line ${line}`].filter(Boolean).join(' · '),
      at: { uri: field(row, 'uri'), line: Math.max(line - 1, 0) }
    };
  });
}

function noted(of: unknown, more: readonly string[]): { detail?: string } {
  const unpriced = count(of, 'unpriced');
  const unbounded = count(of, 'unbounded');
  const notes = [
    ...(unpriced > 0 ? [`${unpriced} unpriced: in no sum`] : []),
    ...(unbounded > 0 ? [`${unbounded} in loops of unknown length: counted once`] : []),
    ...more
  ];
  return notes.length > 0 ? { detail: notes.join(' · ') } : {};
}

function counted(number: number, noun: string): string {
  return `${number.toLocaleString('en')} ${noun}${number === 1 ? '' : 's'}`;
}

function value(given: unknown, name: string): unknown {
  return typeof given === 'object' && given !== null
    ? (given as Record<string, unknown>)[name]
    : undefined;
}

function count(given: unknown, name: string): number {
  const found = value(given, name);
  return typeof found === 'number' ? found : 0;
}

function isWhole(answer: unknown): boolean {
  return value(answer, 'complete') === true;
}

function list(given: unknown, name: string): readonly unknown[] {
  const found = value(given, name);
  return Array.isArray(found) ? (found as readonly unknown[]) : [];
}
