/** cellcost in VS Code: puts the parts together. */

import * as vscode from 'vscode';
import type { LanguageClient } from 'vscode-languageclient/node';
import { showAnswer } from './answers.ts';
import { CellItems } from './cellItems.ts';
import { offerServer, registerCommands } from './commands.ts';
import { homeVariable, shareHome } from './journalHome.ts';
import { onInterpreter } from './pythonExtension.ts';
import { Session } from './session.ts';
import { serverPlaces } from './surroundings.ts';
import { TodayItem } from './todayItem.ts';
import { CELLS, STATE, TODAY, cellCosts, state, today } from './wire.ts';

let session: Session | undefined;

/** Starts everything; VS Code stops it through `context.subscriptions`. */
export function activate(context: vscode.ExtensionContext): void {
  const output = vscode.window.createOutputChannel('cellcost');
  const item = new TodayItem();
  const cells = new CellItems();
  const listen = (client: LanguageClient): void => {
    client.onNotification(TODAY, (given: unknown) => {
      const read = today(given);
      if (read !== undefined) {
        item.today = read;
      }
    });
    client.onNotification(CELLS, (given: unknown) => {
      const read = cellCosts(given);
      if (read !== undefined) {
        cells.show(read);
      }
    });
    client.onNotification(STATE, (given: unknown) => {
      const read = state(given);
      item.trouble = read.state === 'trouble' ? read.message : '';
    });
  };
  const running = new Session({
    output,
    places: () => serverPlaces(context),
    environment: homeVariable,
    listen,
    answered: (command, answer) => void showAnswer(command, answer)
  });
  session = running;
  running.onDidChange(condition => {
    item.condition = condition;
    if (condition.kind === 'missing') {
      void offerServer(context);
    }
  });
  context.subscriptions.push(output, item, cells, running);
  registerCommands(context, running, output);
  shareHome(context);
  restartWhereItMatters(context, running);
  void running.restart();
}

/** Stops the server before VS Code ends. */
export async function deactivate(): Promise<void> {
  await session?.stop();
}

function restartWhereItMatters(
  context: vscode.ExtensionContext,
  running: Session
): void {
  const restart = (): void => void running.restart();
  context.subscriptions.push(
    vscode.workspace.onDidChangeConfiguration(event => {
      const matters = ['cellcost.server.path', 'cellcost.home'];
      if (matters.some(name => event.affectsConfiguration(name))) {
        restart();
      } else if (event.affectsConfiguration('cellcost')) {
        void running.settingsChanged();
      }
    }),
    vscode.workspace.onDidGrantWorkspaceTrust(restart)
  );
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  void onInterpreter(folder, restart).then(listening =>
    context.subscriptions.push(listening)
  );
}
