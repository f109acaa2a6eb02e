// Keeps the lists current. The events say only that something changed; what is shown comes from the server, rendered.
import { countdown } from './countdown.js';

const lists = document.getElementById('requests');
const state = document.querySelector('[data-live]');
const notify = document.querySelector('[data-notify]');
const title = document.title.replace(/^\(\d+\) /, '');
let known = new Set(waiting());
let busy = false;
let again = false;

const events = new EventSource('/events');
events.addEventListener('ready', () => { tell('Live'); refresh(); });
events.addEventListener('request', refresh);
events.addEventListener('error', () => {
  tell(events.readyState === EventSource.CLOSED ? 'Not live. Reload the page.' : 'Connecting again');
  if (events.readyState === EventSource.CLOSED) refresh(); // signed out: the answer says so
});
countdown(refresh);

if (notify && 'Notification' in window) {
  const show = () => (notify.hidden = Notification.permission !== 'default');
  notify.addEventListener('click', async () => { await Notification.requestPermission(); show(); });
  show();
}

async function refresh() {
  if (busy) { again = true; return; }
  busy = true;
  try {
    const answer = await fetch(lists.dataset.lists, { credentials: 'same-origin', headers: { 'X-Countersign-Page': '1' } });
    if (answer.redirected) {
      tell('You are signed out. Reload the page.');
      events.close();
    } else if (answer.ok) {
      show(await answer.text());
    }
  } catch {
    tell('Connecting again');
  } finally {
    busy = false;
    if (again) { again = false; refresh(); }
  }
}

function show(html) {
  if (lists.querySelector('button:disabled')) return; // a passkey is being asked for: leave its form where it is
  const place = document.activeElement?.closest('[data-request]')?.id;
  const part = document.activeElement?.dataset?.test;
  const open = [...lists.querySelectorAll('[data-request] details[open]')].map((one) => one.closest('[data-request]').id);
  lists.replaceChildren(...new DOMParser().parseFromString(html, 'text/html').body.childNodes);
  for (const id of open) document.getElementById(id)?.querySelector('details')?.setAttribute('open', '');
  if (place && part) document.getElementById(place)?.querySelector(`[data-test="${part}"]`)?.focus();
  const now = waiting();
  document.title = now.length > 0 ? `(${now.length}) ${title}` : title;
  for (const id of now) if (!known.has(id)) announce(id);
  known = new Set(now);
}

function waiting() {
  return [...lists.querySelectorAll('[data-request]')].map((card) => card.dataset.request);
}

function announce(id) {
  if (!('Notification' in window) || Notification.permission !== 'granted' || document.hasFocus()) return;
  const card = document.getElementById(`request-${id}`);
  const note = new Notification(card.dataset.operation, { body: `Waits for your approval (${id})`, tag: id, icon: '/img/mark.svg' });
  note.onclick = () => { window.focus(); card.scrollIntoView({ block: 'center' }); note.close(); };
}

function tell(words) {
  if (state && state.textContent !== words) {
    state.textContent = words;
    state.classList.toggle('is-live', words === 'Live');
  }
}
