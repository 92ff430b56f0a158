/** The commands of the palette, the status bar and the walkthrough. */

import * as vscode from 'vscode';
import { showAnswer } from './answers.ts';
import { meterPython, stopMetering } from './metering.ts';
import { makeOwn } from './ownEnvironment.ts';
import type { Session } from './session.ts';
import { basePythons, workspacePython } from './surroundings.ts';

/** Registers all of them. */
export function registerCommands(
  context: vscode.ExtensionContext,
  session: Session,
  output: vscode.OutputChannel
): void {
  const commands: Readonly<Record<string, () => unknown>> = {
    toggleHints,
    rescanWorkspace: () => session.execute('cellcost.rescan'),
    showTotals: async () => {
      const command = 'cellcost.workspaceTotals';
      await showAnswer(command, await session.execute(command));
    },
    restartServer: () => session.restart(),
    showOutput: () => {
      output.show();
    },
    setUpServer: () => setUpServer(context, session, output),
    meterPython: () => withPython(python => meterPython(python, output)),
    stopMetering: () => withPython(python => stopMetering(python, output))
  };
  for (const [name, run] of Object.entries(commands)) {
    context.subscriptions.push(
      vscode.commands.registerCommand(`cellcost.${name}`, run)
    );
  }
}

const ASKED = 'askedForServer';

/** Offers, once, to set up a server where none was found. */
export async function offerServer(context: vscode.ExtensionContext): Promise<void> {
  if (context.globalState.get(ASKED) === true) {
    return;
  }
  await context.globalState.update(ASKED, true);
  const answer = await vscode.window.showInformationMessage(
    'cellcost found no language server. It can install one into a private' +
      ' environment of its own; yours stay as they are.',
    'Set Up',
    'Not Now'
  );
  if (answer === 'Set Up') {
    await vscode.commands.executeCommand('cellcost.setUpServer');
  }
}

async function setUpServer(
  context: vscode.ExtensionContext,
  session: Session,
  output: vscode.OutputChannel
): Promise<void> {
  const problem = await makeOwn(context, await basePythons(), output);
  if (problem === '') {
    await session.restart();
    return;
  }
  output.appendLine(`no environment was made: ${problem}`);
  const answer = await vscode.window.showErrorMessage(
    `cellcost could not set up its server: ${problem}.`,
    'Show Output'
  );
  if (answer !== undefined) {
    output.show();
  }
}

async function toggleHints(): Promise<void> {
  const settings = vscode.workspace.getConfiguration('cellcost');
  const shown = settings.get<string>('editor.hints', 'on') === 'on';
  const set = settings.inspect('editor.hints')?.workspaceValue !== undefined;
  await settings.update('editor.hints', shown ? 'off' : 'on', !set);
}

async function withPython(act: (python: string) => Promise<void>): Promise<void> {
  const python = await workspacePython();
  if (python === '') {
    void vscode.window.showErrorMessage(
      'This workspace has no Python of its own: select an interpreter, or make a' +
        ' virtual environment named .venv in its folder.'
    );
    return;
  }
  await act(python);
}
