// Forms that a passkey completes: <form data-passkey="get|create" data-options="URL"> with a hidden field for the result.
// The script only fills in the field; the form goes the way of every other form, and the server renders what came of it.
import { post, Refused } from './api.js';
import * as webauthn from './webauthn.js';

let listening; // the sign-in page offers passkeys in the name field until the button is pressed

document.addEventListener('submit', (event) => {
  const form = event.target.closest('form[data-passkey]');
  if (!form) return;
  event.preventDefault();
  complete(form);
});

const offered = document.querySelector('form[data-conditional]');
if (offered) offer(offered);

for (const form of document.querySelectorAll('form[data-passkey]')) {
  if (!webauthn.supported()) say(form, 'This browser has no passkeys. Use another way, or another browser.');
}

async function complete(form) {
  const button = form.querySelector('button[type=submit]');
  listening?.abort();
  button.disabled = true;
  say(form, form.dataset.passkey === 'create' ? 'Follow your browser to make the passkey.' : 'Touch your key, or confirm on your device.');
  try {
    await run(form);
    say(form, 'Checking.');
  } catch (error) {
    say(form, reason(error));
    button.disabled = false;
    button.focus();
  }
}

async function offer(form) {
  if (!(await webauthn.conditional())) return;
  listening = new AbortController();
  try {
    await run(form, { mediation: 'conditional', signal: listening.signal });
  } catch {
    // nobody chose one; the button and the password are still there
  }
}

async function run(form, more) {
  const answer = await post(form.dataset.options);
  const options = answer.options ?? answer;
  if (form.dataset.passkey === 'create') {
    form.elements.attestation.value = JSON.stringify(await webauthn.create(options));
  } else {
    form.elements.assertion.value = JSON.stringify(await webauthn.get(options, more));
  }
  if (form.elements.ceremony) form.elements.ceremony.value = answer.ceremony;
  form.submit();
}

function reason(error) {
  if (error instanceof Refused) return error.message;
  switch (error.name) {
    case 'NotAllowedError':
      return 'Nothing was sent: the passkey was not used. Try again when you are ready.';
    case 'InvalidStateError':
      return 'That key is set up already.';
    case 'SecurityError':
      return 'Passkeys do not work on this address. Open Countersign by its own name, not by an IP address.';
    default:
      return 'That did not work. Reload the page and try again.';
  }
}

function say(form, words) {
  form.querySelector('.passkey-status').textContent = words;
}
