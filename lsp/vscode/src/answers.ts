/** Shows the server's answers to its commands: lists that lead to the code. */

import * as vscode from 'vscode';
import { callPicks, type Pick, totalsPicks } from './picks.ts';

const SHOWN: Readonly<
  Record<string, { readonly title: string; readonly picks: (answer: unknown) => readonly Pick[] }>
> = {
  'cellcost.showCall': { title: 'Model calls', picks: callPicks },
  'cellcost.workspaceTotals': { title: 'Workspace', picks: totalsPicks }
};

/** Shows an answer, where there is something to show. */
export async function showAnswer(command: string, answer: unknown): Promise<void> {
  const shown = SHOWN[command];
  const picks = shown?.picks(answer) ?? [];
  if (shown === undefined || picks.length === 0) {
    return;
  }
  const picked = await vscode.window.showQuickPick(picks, {
    title: `cellcost: ${shown.title}`
  });
  if (picked?.at !== undefined) {
    await goTo(picked.at.uri, picked.at.line);
  }
}

async function goTo(address: string, line: number): Promise<void> {
  const uri = vscode.Uri.parse(address);
  const range = new vscode.Range(line, 0, line, 0);
  const cell = vscode.workspace.notebookDocuments
    .flatMap(notebook => notebook.getCells())
    .find(one => one.document.uri.toString() === uri.toString());
  if (cell === undefined) {
    await vscode.window.showTextDocument(uri, { selection: range });
    return;
  }
  await vscode.window.showNotebookDocument(cell.notebook, {
    selections: [new vscode.NotebookRange(cell.index, cell.index + 1)]
  });
}
