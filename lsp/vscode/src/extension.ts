import * as vscode from 'vscode';

export function activate(context: vscode.ExtensionContext): void {
  const item = vscode.window.createStatusBarItem('cellcost.today');
  item.text = '$(credit-card) trial';
  item.show();
  context.subscriptions.push(item);
}
