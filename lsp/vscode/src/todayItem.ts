/** The status bar: what was spent today, or why nobody knows. */

import * as vscode from 'vscode';
import { type Condition, spoken, statusLine } from './condition.ts';
import type { Today } from './wire.ts';

export class TodayItem implements vscode.Disposable {
  readonly #item = vscode.window.createStatusBarItem(
    'cellcost.today',
    vscode.StatusBarAlignment.Left,
    0
  );
  #condition: Condition = { kind: 'starting' };
  #today: Today | undefined;
  #trouble = '';

  constructor() {
    this.#item.name = 'cellcost: spent today';
    this.#show();
    this.#item.show();
  }

  set condition(condition: Condition) {
    this.#condition = condition;
    this.#show();
  }

  set today(today: Today) {
    this.#today = today;
    this.#show();
  }

  /** What the server complains of; "" if of nothing. */
  set trouble(trouble: string) {
    this.#trouble = trouble;
    this.#show();
  }

  dispose(): void {
    this.#item.dispose();
  }

  #show(): void {
    const line = statusLine(this.#condition, this.#today, this.#trouble);
    const tooltip = new vscode.MarkdownString(line.tooltip);
    tooltip.isTrusted = { enabledCommands: ['cellcost.meterPython'] };
    this.#item.text = line.text;
    // Else a screen reader is given the tooltip's Markdown as it is written.
    this.#item.accessibilityInformation = { label: spoken(line) };
    this.#item.tooltip = tooltip;
    this.#item.command = line.command;
    this.#item.backgroundColor = line.warns
      ? new vscode.ThemeColor('statusBarItem.warningBackground')
      : undefined;
  }
}
