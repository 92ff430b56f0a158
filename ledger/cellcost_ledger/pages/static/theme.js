// @ts-check
/** Light or dark: the system's choice until somebody chooses here. Runs before paint. */
(() => {
  const name = 'cellcost-theme';
  const root = document.documentElement;
  try {
    const kept = localStorage.getItem(name);
    if (kept === 'light' || kept === 'dark') {
      root.dataset['theme'] = kept;
    }
  } catch {
    // Storage is closed: the system's choice counts.
  }
  document.addEventListener('click', event => {
    const target = event.target;
    if (!(target instanceof Element && target.closest('[data-cellcost="theme"]'))) {
      return;
    }
    const system = matchMedia('(prefers-color-scheme: dark)').matches;
    const dark = root.dataset['theme'] ? root.dataset['theme'] === 'dark' : system;
    root.dataset['theme'] = dark ? 'light' : 'dark';
    try {
      localStorage.setItem(name, root.dataset['theme']);
    } catch {
      // It holds for this page then.
    }
    document.dispatchEvent(new Event('cellcost-theme'));
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    document.dispatchEvent(new Event('cellcost-theme'));
  });
})();
