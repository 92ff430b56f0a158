/** Running a program to its end, and what it said. */

import { type ExecFileException, execFile } from 'node:child_process';

export interface Done {
  readonly ok: boolean;
  readonly stdout: string;
  readonly stderr: string;
  /** Why it failed, in one line; "" if it did not. */
  readonly problem: string;
}

export interface Run {
  readonly cwd?: string;
  readonly timeout?: number;
  readonly signal?: AbortSignal;
  readonly env?: NodeJS.ProcessEnv;
}

/** Runs a program without a shell. Never rejects. */
export function run(
  command: string,
  args: readonly string[],
  options: Run = {}
): Promise<Done> {
  return new Promise(resolve => {
    const settings = { ...options, encoding: 'utf-8', windowsHide: true } as const;
    execFile(command, args, settings, (error, stdout, stderr) => {
      const problem = error === null ? '' : why(error, stderr);
      resolve({ ok: error === null, stdout, stderr, problem });
    });
  });
}

/** The last line that a program wrote, or what else is known of its end. */
function why(error: ExecFileException, stderr: string): string {
  const said = lastLine(stderr);
  if (error.code === 'ENOENT') {
    return 'there is no such program';
  }
  if (error.code === 'EACCES') {
    return 'it is no program that may be run';
  }
  if (said !== '') {
    return said;
  }
  if (error.killed === true) {
    return 'it did not answer in time';
  }
  return typeof error.code === 'number' ? `exit status ${error.code}` : error.message;
}

/** The last line that is not blank. */
export function lastLine(text: string): string {
  return text.trimEnd().split(/\r?\n/).pop()?.trim() ?? '';
}
