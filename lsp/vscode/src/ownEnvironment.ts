/** A private environment for the server, made only when the user says so. */

import { rm } from 'node:fs/promises';
import * as vscode from 'vscode';
import { pythonOf } from './places.ts';
import { run } from './programs.ts';

/** Where it lies, made or not. */
export function ownFolder(context: vscode.ExtensionContext): string {
  return vscode.Uri.joinPath(context.globalStorageUri, 'env').fsPath;
}

const TELL_VERSION = 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))';

/** Makes it anew; returns why it could not be made, or "". */
export async function makeOwn(
  context: vscode.ExtensionContext,
  interpreters: readonly string[],
  output: vscode.OutputChannel
): Promise<string> {
  const folder = ownFolder(context);
  const windows = process.platform === 'win32';
  const { version } = context.extension.packageJSON as { version: string };
  const pip = ['-m', 'pip', '--disable-pip-version-check', 'install'];
  return vscode.window.withProgress(
    {
      location: vscode.ProgressLocation.Notification,
      title: 'cellcost',
      cancellable: true
    },
    async (progress, token) => {
      const abort = new AbortController();
      const cancelling = token.onCancellationRequested(() => {
        abort.abort();
      });
      const step = async (
        message: string,
        command: string,
        args: readonly string[]
      ): Promise<string> => {
        progress.report({ message });
        output.appendLine(`${command} ${args.join(' ')}`);
        const done = await run(command, args, { signal: abort.signal });
        output.append(done.stdout + done.stderr);
        return token.isCancellationRequested ? 'it was cancelled' : done.problem;
      };
      try {
        const python = await newEnough(interpreters);
        if (python === undefined) {
          return 'there is no Python 3.11 or newer with its venv module';
        }
        await rm(folder, { recursive: true, force: true });
        const problem =
          (await step('making an environment', python, ['-m', 'venv', folder])) ||
          (await step('installing the server', pythonOf(folder, windows), [
            ...pip,
            `cellcost==${version}`
          ]));
        if (problem !== '') {
          await rm(folder, { recursive: true, force: true });
        }
        return problem;
      } finally {
        cancelling.dispose();
      }
    }
  );
}

async function newEnough(interpreters: readonly string[]): Promise<string | undefined> {
  for (const python of interpreters) {
    const done = await run(python, ['-c', TELL_VERSION], { timeout: 30_000 });
    if (done.ok) {
      return python;
    }
  }
  return undefined;
}
