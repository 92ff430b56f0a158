/** Metering what is started from here: terminals, F5, test runs. By one consent. */

import * as vscode from 'vscode';
import { module } from './places.ts';
import { run } from './programs.ts';
import { homeVariable } from './journalHome.ts';

const PATIENCE = 60_000;

/** Meters every process of an interpreter's environment, if the user agrees. */
export async function meterPython(
  python: string,
  output: vscode.OutputChannel
): Promise<void> {
  if (!(await hasCellcost(python)) && !(await install(python, output))) {
    return;
  }
  const detail =
    `Terminals, F5 and test runs of\n${python}\nthen record what their model calls` +
    ' cost, in the journal on this machine. cellcost writes one file into this' +
    ' environment; its other programs are metered too, also outside VS Code.' +
    ' “cellcost: Stop Metering Python” removes the file.';
  const answer = await vscode.window.showInformationMessage(
    'Meter Python started from here?',
    { modal: true, detail },
    'Meter'
  );
  if (answer === 'Meter') {
    await change(python, 'enable', output);
  }
}

/** Takes back what `meterPython` did. */
export async function stopMetering(
  python: string,
  output: vscode.OutputChannel
): Promise<void> {
  await change(python, 'disable', output);
}

async function change(
  python: string,
  command: 'enable' | 'disable',
  output: vscode.OutputChannel
): Promise<void> {
  const done = await cellcost(python, [command, '--python']);
  output.append(done.stdout + done.stderr);
  if (done.ok) {
    const state = command === 'enable' ? 'metered from now on' : 'no longer metered';
    void vscode.window.showInformationMessage(
      `Python started from here is ${state}: ${python}`
    );
  } else {
    void vscode.window.showErrorMessage(`cellcost ${command}: ${done.problem}`);
  }
}

async function hasCellcost(python: string): Promise<boolean> {
  return (await cellcost(python, ['--version'])).ok;
}

async function install(python: string, output: vscode.OutputChannel): Promise<boolean> {
  const answer = await vscode.window.showInformationMessage(
    'cellcost is not installed in this environment.',
    { modal: true, detail: `${python} -m pip install cellcost` },
    'Install'
  );
  if (answer !== 'Install') {
    return false;
  }
  const done = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: 'Installing cellcost' },
    () => run(python, ['-m', 'pip', 'install', 'cellcost'])
  );
  output.append(done.stdout + done.stderr);
  if (!done.ok) {
    void vscode.window.showErrorMessage(`pip install cellcost: ${done.problem}`);
  }
  return done.ok;
}

function cellcost(python: string, args: readonly string[]): ReturnType<typeof run> {
  return run(python, [...module('cellcost'), ...args], {
    timeout: PATIENCE,
    env: { ...process.env, ...homeVariable() }
  });
}
