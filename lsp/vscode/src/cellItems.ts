/** Under each notebook cell: what it really cost, live. */

import * as vscode from 'vscode';
import { plainLines } from './tooltips.ts';
import type { CellCost, CellCosts } from './wire.ts';

const NOTEBOOKS = ['jupyter-notebook', 'interactive'];

export class CellItems
  implements vscode.NotebookCellStatusBarItemProvider, vscode.Disposable
{
  readonly #changed = new vscode.EventEmitter<void>();
  readonly onDidChangeCellStatusBarItems = this.#changed.event;
  /** By notebook, then by cell. */
  readonly #costs = new Map<string, Map<string, CellCost>>();
  readonly #registered: vscode.Disposable[];

  constructor() {
    this.#registered = NOTEBOOKS.map(type =>
      vscode.notebooks.registerNotebookCellStatusBarItemProvider(type, this)
    );
    this.#registered.push(
      vscode.workspace.onDidCloseNotebookDocument(notebook => {
        this.#costs.delete(notebook.uri.toString());
      })
    );
  }

  /** Takes what the cells of a notebook cost now. */
  show(costs: CellCosts): void {
    const cells = costs.cells.map(cell => [same(cell.uri), cell] as const);
    this.#costs.set(same(costs.notebook), new Map(cells));
    this.#changed.fire();
  }

  provideCellStatusBarItems(
    cell: vscode.NotebookCell
  ): vscode.NotebookCellStatusBarItem | undefined {
    const uri = cell.document.uri.toString();
    const cost = this.#costs.get(cell.notebook.uri.toString())?.get(uri);
    if (cost === undefined) {
      return undefined;
    }
    const item = new vscode.NotebookCellStatusBarItem(
      cost.text,
      vscode.NotebookCellStatusBarAlignment.Left
    );
    item.tooltip = plainLines(cost.tooltip);
    item.command = {
      title: 'Show the calls',
      command: 'cellcost.showCall',
      arguments: [cost.uri]
    };
    return item;
  }

  dispose(): void {
    this.#registered.forEach(one => {
      one.dispose();
    });
    this.#changed.dispose();
  }
}

/** The one way in which VS Code writes a URI. */
function same(uri: string): string {
  return vscode.Uri.parse(uri).toString();
}
