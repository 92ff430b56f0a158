/** One toast when the journal gets into trouble; it goes when the journal is well. */

import type { Journal } from './wire.js';

/** Where toasts are shown. */
export interface Toasts {
  warn(text: string): string;
  dismiss(id: string): void;
}

export class JournalToast {
  constructor(private readonly _toasts: Toasts) {}

  /** Takes how the journal is now; tells a trouble once, however long it lasts. */
  show({ state, detail }: Journal): void {
    if (state === 'ok') {
      if (this.#shown !== null) {
        this._toasts.dismiss(this.#shown);
        this.#shown = null;
      }
    } else {
      this.#shown ??= this._toasts.warn(`cellcost: journal trouble. ${detail}`.trim());
    }
  }

  #shown: string | null = null;
}
