// Stands in for Microsoft's Python extension, which is in no registry that tests can
// reach: tells which interpreter was chosen, and when another one is.

const vscode = require('vscode');

exports.activate = context => {
  const changed = new vscode.EventEmitter();
  const chosen = () =>
    vscode.workspace.getConfiguration('python').get('defaultInterpreterPath', '');
  context.subscriptions.push(
    changed,
    vscode.workspace.onDidChangeConfiguration(event => {
      if (event.affectsConfiguration('python.defaultInterpreterPath')) {
        changed.fire({});
      }
    })
  );
  return {
    environments: {
      getActiveEnvironmentPath: () => ({ path: chosen() }),
      resolveEnvironment: async ({ path }) =>
        path === '' ? undefined : { executable: { uri: vscode.Uri.file(path) } },
      onDidChangeActiveEnvironmentPath: changed.event
    }
  };
};
