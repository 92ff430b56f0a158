// What Microsoft's Jupyter and Python extensions do, as far as cellcost meets it: they
// are in no registry that tests can reach. Cells run in a real kernel (bridge.py) with
// the cell's document URI as `cellId`, as the Jupyter extension sends it; F5 starts the
// real debugpy. CELLCOST_TEST_PYTHON is the interpreter for both. A command sets what a
// person would set in the settings editor: `["cellcost.editor.hints", "off"]`.

const { spawn } = require('node:child_process');
const path = require('node:path');
const readline = require('node:readline');
const vscode = require('vscode');

const PYTHON = process.env.CELLCOST_TEST_PYTHON;

class Kernel {
  constructor(folder) {
    this.process = spawn(PYTHON, [path.join(__dirname, 'bridge.py')], { cwd: folder });
    this.running = new Map();
    this.process.stderr.on('data', text => console.error(String(text)));
    readline.createInterface(this.process.stdout).on('line', line => {
      const { id, ...event } = JSON.parse(line);
      this.running.get(id)?.(event);
    });
  }

  run(cell, onEvent) {
    const id = cell.document.uri.toString();
    return new Promise(resolve => {
      this.running.set(id, event => {
        if ('done' in event) {
          resolve(event.done);
        } else {
          onEvent(event.text);
        }
      });
      const code = cell.document.getText();
      this.process.stdin.write(`${JSON.stringify({ id, code })}\n`);
    });
  }
}

exports.activate = context => {
  const kernels = new Map();
  const controller = vscode.notebooks.createNotebookController(
    'cellcost-test',
    'jupyter-notebook',
    'Python'
  );
  controller.supportedLanguages = ['python'];
  controller.supportsExecutionOrder = true;
  let order = 0;
  controller.executeHandler = async (cells, notebook) => {
    const key = notebook.uri.toString();
    const kernel =
      kernels.get(key) ?? new Kernel(path.dirname(notebook.uri.fsPath));
    kernels.set(key, kernel);
    for (const cell of cells) {
      const execution = controller.createNotebookCellExecution(cell);
      execution.executionOrder = ++order;
      execution.start(Date.now());
      execution.clearOutput();
      const ok = await kernel.run(cell, text => {
        const item = vscode.NotebookCellOutputItem.stdout(text);
        execution.appendOutput(new vscode.NotebookCellOutput([item]));
      });
      execution.end(ok, Date.now());
    }
  };
  const prefer = notebook =>
    controller.updateNotebookAffinity(
      notebook,
      vscode.NotebookControllerAffinity.Preferred
    );
  vscode.workspace.notebookDocuments.forEach(prefer);
  const set = async () => {
    const [name, value] = JSON.parse(await vscode.window.showInputBox());
    await vscode.workspace.getConfiguration().update(name, value ?? undefined, true);
  };
  context.subscriptions.push(
    controller,
    vscode.commands.registerCommand('cellcost-test.set', set),
    vscode.workspace.onDidOpenNotebookDocument(prefer),
    vscode.debug.registerDebugAdapterDescriptorFactory('debugpy', {
      createDebugAdapterDescriptor: () =>
        new vscode.DebugAdapterExecutable(PYTHON, ['-m', 'debugpy.adapter'])
    }),
    { dispose: () => kernels.forEach(kernel => kernel.process.kill()) }
  );
};
