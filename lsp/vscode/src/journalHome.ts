/** Where the journal lies, for the server, terminals and debugged programs alike. */

import * as vscode from 'vscode';

const VARIABLE = 'CELLCOST_HOME';
const DEBUGGERS = ['debugpy', 'python'];

/** The variable that says where; empty while the setting is unset. */
export function homeVariable(): Readonly<Record<string, string>> {
  const home = vscode.workspace.getConfiguration('cellcost').get<string>('home', '');
  return home === '' ? {} : { [VARIABLE]: home };
}

/** Has terminals, debuggers and test runs write the journal that the server reads. */
export function shareHome(context: vscode.ExtensionContext): void {
  const variables = context.environmentVariableCollection;
  variables.description = 'Where cellcost keeps its journal (the setting cellcost.home)';
  const share = (): void => {
    const home = homeVariable()[VARIABLE];
    if (home === undefined) {
      variables.delete(VARIABLE);
    } else if (variables.get(VARIABLE)?.value !== home) {
      variables.replace(VARIABLE, home);
    }
  };
  share();
  const debuggers = DEBUGGERS.map(type =>
    vscode.debug.registerDebugConfigurationProvider(type, {
      resolveDebugConfiguration: (_folder, configuration) => {
        const home = homeVariable();
        const set = configuration['env'] as Record<string, string> | undefined;
        return VARIABLE in home
          ? { ...configuration, env: { ...home, ...set } }
          : configuration;
      }
    })
  );
  context.subscriptions.push(
    ...debuggers,
    vscode.workspace.onDidChangeConfiguration(event => {
      if (event.affectsConfiguration('cellcost.home')) {
        share();
      }
    })
  );
}
