/** The JupyterLab extension: what every cell costs, live. */

import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import {
  ICommandPalette,
  IToolbarWidgetRegistry,
  Notification
} from '@jupyterlab/apputils';
import { INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStatusBar } from '@jupyterlab/statusbar';
import { Widget } from '@lumino/widgets';

import { Api } from './api.js';
import { Dismissals } from './dismissals.js';
import { EstimateSource } from './estimateSource.js';
import { costIcon } from './icons.js';
import { JournalToast } from './journalToast.js';
import { NotebookWatch, type Surroundings } from './notebookWatch.js';
import { Reruns } from './reruns.js';
import { type Choices, choicesOf, DEFAULTS } from './settings.js';
import { SidePanel } from './sidePanel.js';
import { CostStream } from './stream.js';
import { TodayCosts } from './todayCosts.js';
import { todayLine } from './totalLine.js';
import { TotalWidget } from './totalWidget.js';

const ID = 'cellcost:plugin';
const OPEN = 'cellcost:open-panel';
const TOTAL = 'cellcost-total';

/** Follows the user's choices, now and whenever they change. */
type OnChoices = (follow: (choices: Choices) => void) => void;

const plugin: JupyterFrontEndPlugin<void> = {
  id: ID,
  description: 'Shows what every cell costs: badges, totals, a panel.',
  autoStart: true,
  requires: [INotebookTracker],
  optional: [
    IToolbarWidgetRegistry,
    IStatusBar,
    ISettingRegistry,
    ICommandPalette,
    ILayoutRestorer
  ],
  activate
};

function activate(
  app: JupyterFrontEnd,
  notebooks: INotebookTracker,
  toolbars: IToolbarWidgetRegistry | null,
  statusBar: IStatusBar | null,
  settings: ISettingRegistry | null,
  palette: ICommandPalette | null,
  restorer: ILayoutRestorer | null
): void {
  const { serviceManager } = app;
  const stream = new CostStream(serviceManager.events);
  const api = new Api(serviceManager.serverSettings);
  const today = new TodayCosts(api, stream);
  const onChoices = followChoices(settings);
  const open = (): void => {
    void app.commands.execute(OPEN);
  };

  const watches = watchNotebooks(
    notebooks,
    {
      api,
      stream,
      reruns: new Reruns(window.sessionStorage),
      contents: serviceManager.contents,
      estimates: new EstimateSource(api),
      dismissals: new Dismissals(
        window.localStorage,
        serviceManager.serverSettings.baseUrl
      )
    },
    onChoices,
    open
  );
  const totalOf = (panel: NotebookPanel): Widget =>
    watches(panel)?.total ?? new Widget();
  toolbars?.addFactory<NotebookPanel>('Notebook', TOTAL, totalOf);

  const panel = addPanel(app, today, palette, restorer);
  const inFront = (): void => {
    const current = notebooks.currentWidget;
    panel.notebook = current ? (watches(current)?.costs ?? null) : null;
  };
  notebooks.currentChanged.connect(inFront);
  inFront();

  if (statusBar) {
    addStatus(statusBar, today, onChoices, open);
  }
  tellJournalTrouble(today, open);
}

function tellJournalTrouble(today: TodayCosts, open: () => void): void {
  const actions = [{ label: 'Show', callback: open }];
  const toast = new JournalToast({
    warn: text => Notification.warning(text, { autoClose: false, actions }),
    dismiss: id => {
      Notification.dismiss(id);
    }
  });
  today.changed.connect(() => {
    if (today.today) {
      toast.show(today.today.journal);
    }
  });
}

/** Watches every notebook that opens, and answers which watch a panel has. */
function watchNotebooks(
  notebooks: INotebookTracker,
  around: Surroundings,
  onChoices: OnChoices,
  open: () => void
): (panel: NotebookPanel) => NotebookWatch | undefined {
  const watches = new Map<NotebookPanel, NotebookWatch>();
  let choices = DEFAULTS;
  // The toolbar may ask for a panel's total before the tracker announces the panel.
  const watch = (panel: NotebookPanel): NotebookWatch | undefined => {
    const known = watches.get(panel);
    if (known || panel.isDisposed) {
      return known;
    }
    const made = new NotebookWatch(panel, around);
    watches.set(panel, made);
    made.choices = choices;
    made.total.opened.connect(open);
    panel.disposed.connect(() => {
      watches.delete(panel);
    });
    return made;
  };
  onChoices(chosen => {
    choices = chosen;
    for (const each of watches.values()) {
      each.choices = chosen;
    }
  });
  notebooks.forEach(watch);
  notebooks.widgetAdded.connect((_, panel) => {
    watch(panel);
  });
  return watch;
}

function followChoices(settings: ISettingRegistry | null): OnChoices {
  const followers: ((choices: Choices) => void)[] = [];
  let choices = DEFAULTS;
  const load = async (registry: ISettingRegistry): Promise<void> => {
    const loaded = await registry.load(ID);
    const apply = (): void => {
      choices = choicesOf(loaded);
      for (const follow of followers) {
        follow(choices);
      }
    };
    loaded.changed.connect(apply);
    apply();
  };
  if (settings) {
    load(settings).catch((reason: unknown) => {
      console.warn('cellcost: its settings could not be read; the defaults hold', reason);
    });
  }
  return follow => {
    followers.push(follow);
    follow(choices);
  };
}

function addPanel(
  app: JupyterFrontEnd,
  today: TodayCosts,
  palette: ICommandPalette | null,
  restorer: ILayoutRestorer | null
): SidePanel {
  const panel = new SidePanel(today);
  app.shell.add(panel, 'right', { rank: 900, type: 'Costs' });
  restorer?.add(panel, panel.id);
  app.commands.addCommand(OPEN, {
    label: 'Show What Models Cost',
    icon: costIcon,
    execute: () => {
      app.shell.activateById(panel.id);
    }
  });
  palette?.addItem({ command: OPEN, category: 'cellcost' });
  return panel;
}

function addStatus(
  statusBar: IStatusBar,
  today: TodayCosts,
  onChoices: OnChoices,
  open: () => void
): void {
  const item = new TotalWidget('status');
  let shown = true;
  const draw = (): void => {
    item.render(shown ? todayLine(today.today) : null);
  };
  item.opened.connect(open);
  today.changed.connect(draw);
  onChoices(choices => {
    shown = choices.statusBar;
    draw();
  });
  statusBar.registerStatusItem(ID, { item, align: 'right', rank: 900 });
}

export default plugin;
