/** What the user chose in the settings editor. */

import type { ISettingRegistry } from '@jupyterlab/settingregistry';

export interface Choices {
  readonly badges: boolean;
  readonly estimates: boolean;
  readonly notebookTotal: boolean;
  readonly statusBar: boolean;
}

export const DEFAULTS: Choices = {
  badges: true,
  estimates: true,
  notebookTotal: true,
  statusBar: true
};

/** The choices in `settings`; a value of another type counts as not chosen. */
export function choicesOf(settings: ISettingRegistry.ISettings): Choices {
  const composite = settings.composite as Record<string, unknown>;
  const chosen = (key: keyof Choices): boolean =>
    typeof composite[key] === 'boolean' ? composite[key] : DEFAULTS[key];
  return {
    badges: chosen('badges'),
    estimates: chosen('estimates'),
    notebookTotal: chosen('notebookTotal'),
    statusBar: chosen('statusBar')
  };
}
