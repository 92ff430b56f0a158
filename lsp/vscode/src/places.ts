/** Where the language server may be, in the order in which it is looked for. */

import path from 'node:path';

/** A command that would start the server. */
export interface Place {
  /** Whose word it is: "the setting cellcost.server.path", "PATH". */
  readonly said: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Whether the user named it: then nothing else will do. */
  readonly isOrder?: boolean;
}

/** What is known before anything is run. */
export interface Known {
  readonly setting: string;
  /** The interpreter that the Python extension has chosen, or "". */
  readonly interpreter: string;
  readonly folders: readonly string[];
  /** In a workspace that is not trusted, nothing of it is run. */
  readonly trusted: boolean;
  readonly path: string;
  readonly home: string;
  /** The environment that this extension may have made for itself. */
  readonly own: string;
  readonly windows: boolean;
}

/** Starts a module of an interpreter; -P: never from the current folder. */
export function module(name: string): readonly string[] {
  return ['-P', '-m', name];
}

/** The interpreter of a virtual environment. */
export function pythonOf(environment: string, windows: boolean): string {
  return windows
    ? path.win32.join(environment, 'Scripts', 'python.exe')
    : path.posix.join(environment, 'bin', 'python');
}

/** The places to try. A setting is an order: beside it nothing else is tried. */
export function places(known: Known): readonly Place[] {
  const { setting, interpreter, windows } = known;
  if (setting !== '') {
    const named = byPath('the setting cellcost.server.path', full(setting, known));
    return [{ ...named, isOrder: true }];
  }
  const found: Place[] = [];
  if (interpreter !== '' && known.trusted) {
    found.push(byPython("the Python extension's interpreter", interpreter));
  }
  if (known.trusted) {
    for (const folder of known.folders) {
      const python = pythonOf(joined(folder, '.venv', windows), windows);
      found.push(byPython("the workspace's .venv", python));
    }
  }
  const separator = windows ? ';' : ':';
  const script = windows ? 'cellcost-lsp.exe' : 'cellcost-lsp';
  for (const folder of known.path.split(separator)) {
    if (absolute(folder, windows)) {
      found.push(byPath('PATH', joined(folder, script, windows)));
    }
  }
  found.push(byPython("cellcost's own environment", pythonOf(known.own, windows)));
  return once(found);
}

/** A path that a user wrote: `~`, `${workspaceFolder}`, or relative to the folder. */
function full(written: string, known: Known): string {
  const folder = known.folders[0] ?? known.home;
  const filled = written
    .replace(/^~(?=$|[\\/])/, () => known.home)
    .replace('${workspaceFolder}', () => folder);
  return absolute(filled, known.windows)
    ? filled
    : joined(folder, filled, known.windows);
}

function byPath(said: string, command: string): Place {
  const isPython = /^python[\d.]*(\.exe)?$/i.test(command.split(/[\\/]/).pop() ?? '');
  return isPython ? byPython(said, command) : { said, command, args: [] };
}

function byPython(said: string, command: string): Place {
  return { said, command, args: module('cellcost_lsp') };
}

function joined(folder: string, name: string, windows: boolean): string {
  return (windows ? path.win32 : path.posix).join(folder, name);
}

function absolute(name: string, windows: boolean): boolean {
  return (windows ? path.win32 : path.posix).isAbsolute(name);
}

function once(found: readonly Place[]): readonly Place[] {
  const seen = new Set<string>();
  return found.filter(place => {
    const isNew = !seen.has(place.command);
    seen.add(place.command);
    return isNew;
  });
}
