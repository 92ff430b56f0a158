// @ts-check
/** Signing in: by the form, or by a link that ends in `#key=…`. */
import { refusal } from './api.js';
import { one } from './dom.js';

const form = /** @type {HTMLFormElement} */ (one('sign-in'));
const input = /** @type {HTMLInputElement} */ (document.getElementById('key'));
const error = one('error');

/** Where to go afterwards: only to a page of this ledger. */
function next() {
  const asked = new URLSearchParams(location.search).get('next') ?? '/spend';
  const url = new URL(asked, location.origin);
  return url.origin === location.origin && url.pathname.startsWith('/spend')
    ? url.pathname + url.search
    : '/spend';
}

/** @param {string} text */
function tell(text) {
  error.textContent = text;
  error.hidden = false;
}

/** @param {string} key */
async function signIn(key) {
  error.hidden = true;
  try {
    const answer = await fetch('/sign-in', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ key })
    });
    if (answer.ok) {
      location.replace(next());
      return;
    }
    const refused = await refusal(answer);
    tell(`${refused.message} ${refused.hint}`);
  } catch {
    tell('The ledger does not answer. Try again in a moment.');
  }
  input.select();
}

form.addEventListener('submit', event => {
  event.preventDefault();
  void signIn(input.value);
});

const linked = new URLSearchParams(location.hash.slice(1)).get('key');
if (linked) {
  // The key must not stay in the address bar or in the history.
  history.replaceState(null, '', location.pathname + location.search);
  void signIn(linked);
} else if (new URLSearchParams(location.search).has('ended')) {
  tell('Your session has ended, or its key was revoked. Sign in again.');
}
