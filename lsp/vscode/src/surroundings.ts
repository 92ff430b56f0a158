/** What is around the extension: folders, interpreters, PATH, its own environment. */

import { access } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import * as vscode from 'vscode';
import { ownFolder } from './ownEnvironment.ts';
import { type Place, places, pythonOf } from './places.ts';
import { interpreter } from './pythonExtension.ts';

const WINDOWS = process.platform === 'win32';

/** Where a server may be, now. */
export async function serverPlaces(
  context: vscode.ExtensionContext
): Promise<readonly Place[]> {
  const [first] = vscode.workspace.workspaceFolders ?? [];
  return places({
    setting: vscode.workspace.getConfiguration('cellcost').get('server.path', '').trim(),
    interpreter: await interpreter(first?.uri),
    folders: folders(),
    trusted: vscode.workspace.isTrusted,
    path: process.env['PATH'] ?? '',
    home: homedir(),
    own: ownFolder(context),
    windows: WINDOWS
  });
}

/** The workspace's Python: what its terminals, F5 and test runs start. Or "". */
export async function workspacePython(): Promise<string> {
  const [first] = vscode.workspace.workspaceFolders ?? [];
  const selected = await interpreter(first?.uri);
  const made = folders().map(folder => pythonOf(path.join(folder, '.venv'), WINDOWS));
  for (const python of [selected, ...made]) {
    if (python !== '' && (await exists(python))) {
      return python;
    }
  }
  return '';
}

/** Interpreters that an environment of our own could be made with. */
export async function basePythons(): Promise<readonly string[]> {
  const python = await workspacePython();
  const usual = WINDOWS ? ['py', 'python'] : ['python3', 'python'];
  return python === '' ? usual : [python, ...usual];
}

function folders(): readonly string[] {
  const open = vscode.workspace.workspaceFolders ?? [];
  return open.filter(one => one.uri.scheme === 'file').map(one => one.uri.fsPath);
}

async function exists(file: string): Promise<boolean> {
  try {
    await access(file);
    return true;
  } catch {
    return false;
  }
}
