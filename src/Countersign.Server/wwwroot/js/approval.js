// The approval page shows its own verdict when it falls elsewhere: on the phone, in the terminal, by time.
import { countdown } from './countdown.js';

const { request } = document.querySelector('[data-request]').dataset;
const look = () => location.replace(`/a/${request}`);

const events = new EventSource('/events');
events.addEventListener('request', (event) => {
  const change = JSON.parse(event.data);
  if (change.id === request && change.state !== 'Pending') look();
});
addEventListener('submit', () => events.close()); // our own verdict brings its own page
countdown(() => setTimeout(look, 1000));
