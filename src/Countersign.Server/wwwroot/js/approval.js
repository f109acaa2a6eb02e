// The approval page shows its own verdict when it falls elsewhere: on the phone, in the terminal, by time.
import { countdown } from './countdown.js';

const { request } = document.querySelector('[data-request]').dataset;
const look = () => location.replace(`/a/${request}`);

let leaving = false;

const events = new EventSource('/events');
events.addEventListener('ready', refresh); // what came before we listened
events.addEventListener('request', (event) => {
  const change = JSON.parse(event.data);
  if (change.id === request) change.state === 'Pending' ? refresh() : look();
});

// What was said meanwhile comes in where it belongs; nobody who types loses a letter. A new step is a new page.
async function refresh() {
  const said = document.querySelector('[data-said]');
  const answer = await fetch(location.pathname, { credentials: 'same-origin' }).catch(() => null);
  if (!said || !answer?.ok || leaving) return;
  const now = new DOMParser().parseFromString(await answer.text(), 'text/html').querySelector('[data-said]');
  if (leaving) return; // our own verdict brings its own page
  const typing = [...document.querySelectorAll('input:not([type=hidden])')].some((input) => input.value);
  if (!now || (now.dataset.said !== said.dataset.said && !typing)) look();
  else said.replaceChildren(...now.childNodes);
}

addEventListener('submit', () => { leaving = true; events.close(); });
countdown(() => setTimeout(look, 1000));
