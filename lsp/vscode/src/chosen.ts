/** The settings that somebody set, without VS Code's defaults.
 *
 * A default that was sent would outrank the project's own `cellcost.toml`.
 */

/** What VS Code knows of one setting. */
export interface Inspected {
  readonly globalValue?: unknown;
  readonly workspaceValue?: unknown;
  readonly workspaceFolderValue?: unknown;
}

export interface Chosen {
  readonly editor: Readonly<Record<string, unknown>>;
  readonly environment?: unknown;
}

const EDITOR = ['hints', 'lenses', 'diagnostics', 'completion', 'off'] as const;

/** What was set, nearest first: folder, workspace, user. */
export function chosen(inspect: (key: string) => Inspected | undefined): Chosen {
  const editor: Record<string, unknown> = {};
  for (const name of EDITOR) {
    const value = nearest(inspect(`editor.${name}`));
    if (value !== undefined) {
      editor[name] = value;
    }
  }
  const environment = nearest(inspect('environment'));
  return environment === undefined ? { editor } : { editor, environment };
}

function nearest(seen: Inspected | undefined): unknown {
  return seen?.workspaceFolderValue ?? seen?.workspaceValue ?? seen?.globalValue;
}
