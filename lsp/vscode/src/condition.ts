/** How the server is, and what the status bar says of it. */

import { plainLines } from './tooltips.ts';
import type { Today } from './wire.ts';

export type Condition =
  | { readonly kind: 'starting' }
  | { readonly kind: 'running'; readonly where: string }
  /** Nothing that could be started was found. */
  | { readonly kind: 'missing'; readonly problems: readonly string[] }
  /** It was found and does not run. */
  | { readonly kind: 'failed'; readonly reason: string };

export interface StatusLine {
  readonly text: string;
  /** Markdown. */
  readonly tooltip: string;
  /** The command behind a click. */
  readonly command: string;
  readonly warns: boolean;
}

/** What the status bar shows; `trouble` is what the running server complains of. */
export function statusLine(
  condition: Condition,
  today: Today | undefined,
  trouble: string
): StatusLine {
  switch (condition.kind) {
    case 'missing':
      return {
        text: '$(warning) cellcost: no server',
        tooltip: [
          'cellcost found no language server, so no cost is shown.',
          ...condition.problems.map(plain),
          'Click to set one up.'
        ].join('\n\n'),
        command: 'cellcost.setUpServer',
        warns: true
      };
    case 'failed':
      return {
        text: '$(warning) cellcost: stopped',
        tooltip: [
          'The language server does not run, so no cost is shown.',
          plain(condition.reason),
          'Click for its output.'
        ].join('\n\n'),
        command: 'cellcost.showOutput',
        warns: true
      };
    case 'starting':
    case 'running': {
      const tooltip = today?.tooltip ?? 'What was spent today, as soon as it is known.';
      const text = today?.text ?? 'cellcost';
      return {
        text: trouble === '' ? `$(credit-card) ${text}` : `$(warning) ${text}`,
        tooltip: trouble === '' ? tooltip : `${plain(trouble)}\n\n${tooltip}`,
        command: 'cellcost.showTotals',
        warns: trouble !== ''
      };
    }
  }
}

/** What a screen reader says: the same without icons and marks. */
export function spoken(line: StatusLine): string {
  const text = line.text.replace(/^\$\([\w-]+\) /, '');
  const said = text.startsWith('cellcost') ? text : `cellcost: ${text}`;
  return `${said}. ${plainLines(line.tooltip)}`;
}

/** Text as Markdown that shows just that text. */
export function plain(text: string): string {
  return text.replace(/[\\`*_{}[\]()#+\-.!|<>~$]/g, '\\$&');
}
