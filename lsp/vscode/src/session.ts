/** The one running server: found, started, brought back when it dies, stopped. */

import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import * as vscode from 'vscode';
import { ExecuteCommandRequest, type LanguageClient } from 'vscode-languageclient/node';
import { makeClient, type Process, sendSettings } from './client.ts';
import type { Condition } from './condition.ts';
import { findServer } from './findServer.ts';
import type { Place } from './places.ts';
import { afterStop } from './restarts.ts';

/** Milliseconds for an ended process to say how it ended. */
const LAST_WORDS = 500;
/** Milliseconds for a server to answer its first request. */
const FIRST_ANSWER = 120_000;

export interface Surroundings {
  readonly output: vscode.OutputChannel;
  /** The places to look at, as they are now. */
  readonly places: () => Promise<readonly Place[]>;
  readonly environment: () => Readonly<Record<string, string>>;
  /** Called with each new client before it starts. */
  readonly listen: (client: LanguageClient) => void;
  readonly answered: (command: string, answer: unknown) => void;
}

export class Session implements vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<Condition>();
  readonly onDidChange = this.#changed.event;
  #condition: Condition = { kind: 'starting' };
  #client: LanguageClient | undefined;
  #place: Place | undefined;
  #process: Process | undefined;
  #stops: readonly number[] = [];
  #saidRestart = false;
  /** Counts the user's starts and stops: what began before the last one is void. */
  #turn = 0;
  readonly #around: Surroundings;

  constructor(around: Surroundings) {
    this.#around = around;
  }

  get condition(): Condition {
    return this.#condition;
  }

  /** Where the running server came from. */
  get place(): Place | undefined {
    return this.#place;
  }

  /** Stops what runs and starts afresh, from wherever a server is found now. */
  async restart(): Promise<void> {
    await this.stop();
    this.#stops = [];
    const turn = this.#turn;
    const problem = await this.#launch(turn);
    if (problem !== '' && turn === this.#turn) {
      this.#log(`the server did not start: ${problem}`);
      this.#become({ kind: 'failed', reason: problem });
    }
  }

  /** Stops the server; nothing brings it back but `restart`. */
  async stop(): Promise<void> {
    this.#turn += 1;
    const client = this.#client;
    this.#client = undefined;
    try {
      await client?.dispose();
    } catch (error) {
      this.#log(`stopping: ${String(error)}`);
    }
  }

  /** The server's answer to a command; undefined where none runs. */
  async execute(command: string, ...args: unknown[]): Promise<unknown> {
    if (this.#condition.kind !== 'running') {
      return undefined;
    }
    return this.#client?.sendRequest(ExecuteCommandRequest.type, {
      command,
      arguments: args
    });
  }

  /** Tells the server that the user's settings changed. */
  async settingsChanged(): Promise<void> {
    if (this.#condition.kind === 'running' && this.#client !== undefined) {
      await sendSettings(this.#client);
    }
  }

  dispose(): void {
    void this.stop();
    this.#changed.dispose();
  }

  /** Finds and starts a server; returns why one that was found did not start. */
  async #launch(turn: number): Promise<string> {
    this.#become({ kind: 'starting' });
    const places = await this.#around.places();
    const found = await findServer(places);
    if (turn !== this.#turn) {
      return '';
    }
    found.problems.forEach(problem => {
      this.#log(problem);
    });
    const place = found.server;
    if (place === undefined && places[0]?.isOrder === true) {
      return found.problems.join('; ');
    }
    if (place === undefined) {
      this.#log('no server was found');
      this.#become({ kind: 'missing', problems: found.problems });
      return '';
    }
    this.#log(`${found.version} from ${place.said}: ${place.command}`);
    const life = { ended: false };
    this.#process = undefined;
    const client = makeClient(place, {
      output: this.#around.output,
      environment: this.#around.environment(),
      folder: vscode.workspace.workspaceFolders?.[0]?.uri.fsPath,
      answered: this.#around.answered,
      started: process => {
        this.#process = process;
      },
      closed: () => {
        life.ended = true;
        if (this.#client === client && this.#condition.kind === 'running') {
          void this.#bringBack(turn);
        }
      }
    });
    this.#client = client;
    this.#place = place;
    this.#around.listen(client);
    try {
      const late = delay(FIRST_ANSWER, 'late', { ref: false });
      if ((await Promise.race([client.start(), late])) === 'late') {
        this.#client = undefined;
        this.#end();
        return 'it did not answer in time';
      }
    } catch (error) {
      this.#client = undefined;
      return (await this.#ending()) || String(error);
    }
    if (life.ended) {
      return (await this.#ending()) || 'it ended at once';
    }
    if (turn === this.#turn) {
      this.#become({ kind: 'running', where: place.command });
    }
    return '';
  }

  /** Starts a server again that ended by itself; after several times, no more. */
  async #bringBack(turn: number): Promise<void> {
    let reason = await this.#ending();
    for (;;) {
      const plan = afterStop(this.#stops, Date.now());
      this.#stops = plan.stops;
      if (plan.wait === undefined) {
        this.#giveUp(plan.stops.length, reason);
        return;
      }
      this.#become({ kind: 'starting' });
      this.#log(`the server ended (${reason}); starting it again`);
      await delay(plan.wait);
      if (turn !== this.#turn) {
        return;
      }
      reason = await this.#launch(turn);
      if (reason === '') {
        this.#sayRestarted(turn);
        return;
      }
    }
  }

  #sayRestarted(turn: number): void {
    if (turn !== this.#turn || this.#condition.kind !== 'running') {
      return;
    }
    this.#log('the server runs again');
    if (!this.#saidRestart) {
      this.#saidRestart = true;
      void vscode.window.showInformationMessage(
        'cellcost: the language server ended and was started again.'
      );
    }
  }

  #giveUp(times: number, reason: string): void {
    const said = `the server ended ${times} times in a row, last with: ${reason}`;
    this.#log(`${said}; it is not started again`);
    this.#become({ kind: 'failed', reason: said });
    void vscode.window
      .showErrorMessage(
        `cellcost's language server ended ${times} times in a row and is not started again.`,
        'Show Output',
        'Start Again'
      )
      .then(answer => {
        if (answer === 'Show Output') {
          this.#around.output.show();
        } else if (answer === 'Start Again') {
          void this.restart();
        }
      });
  }

  /** How the process ended: its last words, else its signal or status. */
  async #ending(): Promise<string> {
    const process = this.#process;
    if (process === undefined) {
      return '';
    }
    const { child } = process;
    if (child.exitCode === null && child.signalCode === null) {
      await Promise.race([once(child, 'exit').catch(() => undefined), delay(LAST_WORDS)]);
    }
    if (child.signalCode !== null) {
      return child.signalCode;
    }
    const status = child.exitCode === null ? '' : `exit status ${child.exitCode}`;
    return process.lastWords || status;
  }

  #end(): void {
    this.#process?.child.kill();
  }

  #become(condition: Condition): void {
    this.#condition = condition;
    this.#changed.fire(condition);
  }

  #log(line: string): void {
    this.#around.output.appendLine(line);
  }
}
