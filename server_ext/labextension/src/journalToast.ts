/** One toast when the journal gets into trouble; it goes when the journal is well. */

import type { Journal } from './wire.js';

/** Where toasts are shown. */
export interface Toasts {
  warn(text: string): string;
  dismiss(id: string): void;
}

// JupyterLab cuts a toast's text at 140 letters: the panel tells the whole.
const TEXT = 'cellcost: journal trouble. Figures are not complete for now.';

export class JournalToast {
  constructor(private readonly _toasts: Toasts) {}

  /** Takes how the journal is now; tells a trouble once, however long it lasts. */
  show({ state }: Journal): void {
    if (state === 'ok') {
      if (this.#shown !== null) {
        this._toasts.dismiss(this.#shown);
        this.#shown = null;
      }
    } else {
      this.#shown ??= this._toasts.warn(TEXT);
    }
  }

  #shown: string | null = null;
}
