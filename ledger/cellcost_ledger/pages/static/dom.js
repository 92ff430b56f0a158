// @ts-check
/** Elements: text only ever goes in as text. */

/** @typedef {Node | string | null | undefined | false} Child */

/**
 * Makes an element. Attributes that are false or undefined are left out.
 *
 * @param {string} tag
 * @param {Record<string, string | number | boolean | undefined>} [attributes]
 * @param {...Child} children
 * @returns {HTMLElement}
 */
export function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  set(made, attributes);
  made.append(...present(children));
  return made;
}

/**
 * The same for a picture's parts.
 *
 * @param {string} tag
 * @param {Record<string, string | number | boolean | undefined>} attributes
 * @param {...Child} children
 */
export function svg(tag, attributes, ...children) {
  const made = document.createElementNS('http://www.w3.org/2000/svg', tag);
  set(made, attributes);
  made.append(...present(children));
  return made;
}

/**
 * The element of the page that has this name.
 *
 * @param {string} name
 * @returns {HTMLElement}
 */
export function one(name) {
  const found = document.querySelector(`[data-cellcost="${name}"]`);
  if (!(found instanceof HTMLElement)) {
    throw new Error(`the page has no ${name}`);
  }
  return found;
}

/**
 * Text for screen readers only.
 *
 * @param {string} text
 */
export function unseen(text) {
  return el('span', { class: 'unseen' }, text);
}

/**
 * @param {Element} made
 * @param {Record<string, string | number | boolean | undefined>} attributes
 */
function set(made, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) {
      made.setAttribute(name, value === true ? '' : String(value));
    }
  }
}

/** @param {Child[]} children */
function present(children) {
  return /** @type {(Node | string)[]} */ (children.filter(child => child || child === ''));
}
