// The live meter: puts the words that the kernel sent where they belong, and adds up
// nothing. Every figure comes as text; what did not change is not touched.

/**
 * @typedef {{
 *   name: string, counted: string, tokens: string, cost: string, exact: string,
 *   notes: string
 * }} Row
 * @typedef {{
 *   scope: string, cost: string, exact: string, line: string[], gpu: string,
 *   rows: Row[], at: string
 * }} Words
 * @typedef {{
 *   state: string, detail: string, text: Words,
 *   total: { state: string, cost_nusd: string | null, calls: number, live_calls: number }
 * }} Figures
 * @typedef {{
 *   get(name: 'figures'): Figures,
 *   on(event: string, call: () => void): void,
 *   off(event: string, call: () => void): void
 * }} Model
 */

/**
 * @param {string} tag
 * @param {string} name
 * @param {HTMLElement} parent
 */
function add(tag, name, parent) {
  const node = document.createElement(tag);
  if (name) {
    node.className = `cellcost-${name}`;
  }
  parent.append(node);
  return node;
}

/**
 * @param {HTMLElement} node
 * @param {string} text
 */
function write(node, text) {
  if (node.textContent !== text) {
    node.textContent = text;
  }
}

/**
 * @param {HTMLElement} node
 * @param {string} title
 */
function hint(node, title) {
  if (node.title !== title) {
    node.title = title;
  }
}

/** @param {string} part */
function whole(part) {
  return part.replaceAll(' ', '\u00a0');
}

/** @param {HTMLElement} body */
function addRow(body) {
  const line = add('tr', '', body);
  const name = add('th', 'name', line);
  name.setAttribute('scope', 'row');
  return [name, ...['calls', 'tokens', 'cost', 'notes'].map(kind => add('td', kind, line))];
}

/**
 * @param {HTMLElement} body
 * @param {HTMLElement[][]} lines
 * @param {Row[]} rows
 */
function writeRows(body, lines, rows) {
  while (lines.length > rows.length) {
    lines.pop()?.[0]?.parentElement?.remove();
  }
  rows.forEach((row, n) => {
    const cells = (lines[n] ??= addRow(body));
    const texts = [row.name, row.counted, row.tokens, row.cost, row.notes];
    const hints = [row.name, '', '', row.exact, ''];
    cells.forEach((cell, at) => {
      write(cell, texts[at] ?? '');
      hint(cell, hints[at] ?? '');
    });
  });
}

/** @param {{ model: Model, el: HTMLElement }} view */
function render({ model, el }) {
  const meter = add('section', 'meter', el);
  meter.setAttribute('aria-label', 'What this kernel costs');
  const cost = add('strong', 'total', meter);
  const line = add('div', 'line', meter);
  const gpu = add('div', 'line', meter);
  const detail = add('div', 'detail', meter);
  const models = add('details', 'models', meter);
  models.setAttribute('open', '');
  write(add('summary', '', models), 'By model');
  const body = add('tbody', '', add('table', '', models));
  /** @type {HTMLElement[][]} */
  const lines = [];
  // Read out when calls have ended, not four times a second while they run.
  const said = add('div', 'said', meter);
  said.setAttribute('role', 'status');
  said.setAttribute('aria-live', 'polite');
  let first = true;

  function show() {
    const figures = model.get('figures');
    const { text, total } = figures;
    const live = total.live_calls > 0;
    meter.dataset['state'] = figures.state === 'known' ? total.state : figures.state;
    meter.dataset['costNusd'] = total.cost_nusd ?? '';
    meter.dataset['calls'] = String(total.calls);
    write(cost, text.cost);
    hint(cost, text.exact);
    // A line breaks between two parts, never within one.
    write(line, [text.scope, ...text.line].map(whole).join(' · '));
    write(gpu, text.gpu);
    write(detail, figures.detail);
    gpu.hidden = text.gpu === '';
    detail.hidden = figures.detail === '';
    models.hidden = text.rows.length === 0;
    writeRows(body, lines, text.rows);
    if (!live && !first) {
      write(said, `${text.scope}: ${text.cost}, ${text.line.join(', ')}`);
    }
    first = false;
  }

  show();
  model.on('change:figures', show);
  return () => {
    model.off('change:figures', show);
  };
}

export default { render };
