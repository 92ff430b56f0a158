/** The language client: what is sent to the server, and what is asked of it. */

import { type ChildProcess, spawn } from 'node:child_process';
import * as vscode from 'vscode';
import {
  CloseAction,
  DidChangeConfigurationNotification,
  ErrorAction,
  LanguageClient,
  type LanguageClientOptions,
  RevealOutputChannelOn
} from 'vscode-languageclient/node';
import { chosen, type Chosen } from './chosen.ts';
import type { Place } from './places.ts';
import { lastLine } from './programs.ts';

const SELECTOR = [
  { language: 'python', scheme: 'file' },
  { language: 'python', scheme: 'untitled' },
  { language: 'python', notebook: 'jupyter-notebook' },
  { language: 'python', notebook: 'interactive' }
];

/** A client whose troubles are told by the session, in one place, not in popups. */
class Client extends LanguageClient {
  override error(message: string, problem?: unknown): void {
    const more = problem instanceof Error ? `: ${problem.message}` : '';
    this.outputChannel.appendLine(`${message}${more}`);
  }
}

/** A server's process, with what it last said on its standard error. */
export interface Process {
  readonly child: ChildProcess;
  lastWords: string;
}

export interface Wiring {
  readonly output: vscode.OutputChannel;
  readonly environment: Readonly<Record<string, string>>;
  readonly folder: string | undefined;
  /** A command that the server offers was chosen; its answer is for this one. */
  readonly answered: (command: string, answer: unknown) => void;
  readonly started: (process: Process) => void;
  readonly closed: () => void;
}

/** A client for a server at a place; nothing runs before its `start`. */
export function makeClient(place: Place, wiring: Wiring): LanguageClient {
  const options: LanguageClientOptions = {
    documentSelector: SELECTOR,
    outputChannel: wiring.output,
    revealOutputChannelOn: RevealOutputChannelOn.Never,
    progressOnInitialization: false,
    initializationOptions: () => ({
      cellcost: { ...settings(undefined), notifications: true }
    }),
    initializationFailedHandler: () => false,
    errorHandler: {
      error: () => ({ action: ErrorAction.Continue, handled: true }),
      closed: () => {
        wiring.closed();
        return { action: CloseAction.DoNotRestart, handled: true };
      }
    },
    middleware: {
      executeCommand: async (command, args, next) => {
        const answer: unknown = await next(command, args);
        wiring.answered(command, answer);
        return answer;
      },
      workspace: {
        configuration: params =>
          params.items.map(item =>
            item.section === 'cellcost' ? settings(item.scopeUri) : null
          )
      }
    }
  };
  const start = (): Promise<ChildProcess> => Promise.resolve(launch(place, wiring));
  return new Client('cellcost', 'cellcost', start, options);
}

/** Tells a running server that the settings changed. */
export function sendSettings(client: LanguageClient): Promise<void> {
  return client.sendNotification(DidChangeConfigurationNotification.type, {
    settings: { cellcost: settings(undefined) }
  });
}

function launch(place: Place, wiring: Wiring): ChildProcess {
  const child = spawn(place.command, place.args, {
    cwd: wiring.folder,
    env: { ...process.env, ...wiring.environment },
    windowsHide: true
  });
  const started: Process = { child, lastWords: '' };
  child.stderr.on('data', (bytes: Buffer) => {
    started.lastWords = lastLine(bytes.toString()) || started.lastWords;
  });
  child.on('error', error => {
    started.lastWords = error.message;
  });
  wiring.started(started);
  return child;
}

function settings(scope: string | undefined): Chosen {
  const uri = scope === undefined ? undefined : vscode.Uri.parse(scope);
  const found = vscode.workspace.getConfiguration('cellcost', uri);
  return chosen(key => found.inspect(key));
}
