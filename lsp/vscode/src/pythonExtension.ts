/** The interpreter that the Python extension has chosen, where it is installed. */

import * as vscode from 'vscode';

/** What we use of `ms-python.python`'s public API. */
interface Environments {
  getActiveEnvironmentPath(resource?: vscode.Uri): { readonly path: string };
  resolveEnvironment(of: { readonly path: string }): Promise<
    { readonly executable: { readonly uri?: vscode.Uri } } | undefined
  >;
  readonly onDidChangeActiveEnvironmentPath: vscode.Event<unknown>;
}

async function environments(): Promise<Environments | undefined> {
  const extension = vscode.extensions.getExtension<
    { environments?: Environments } | undefined
  >('ms-python.python');
  const api = extension && (await extension.activate());
  return api?.environments;
}

/** The chosen interpreter's path, or "". */
export async function interpreter(folder: vscode.Uri | undefined): Promise<string> {
  try {
    const known = await environments();
    const environment = await known?.resolveEnvironment(
      known.getActiveEnvironmentPath(folder)
    );
    return environment?.executable.uri?.fsPath ?? '';
  } catch {
    return ''; // It is another's extension: without its word we look elsewhere.
  }
}

/** Calls `then` when another interpreter was chosen. */
export async function onInterpreter(
  folder: vscode.Uri | undefined,
  then: () => void
): Promise<vscode.Disposable> {
  try {
    const known = await environments();
    if (known === undefined) {
      return NOTHING;
    }
    let before = known.getActiveEnvironmentPath(folder).path;
    return known.onDidChangeActiveEnvironmentPath(() => {
      const now = known.getActiveEnvironmentPath(folder).path;
      if (now !== before) {
        before = now;
        then();
      }
    });
  } catch {
    return NOTHING;
  }
}

const NOTHING = new vscode.Disposable(() => undefined);
