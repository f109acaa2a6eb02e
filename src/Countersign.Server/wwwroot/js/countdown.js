// The quiet bar of the time that is left. Calls back once when a bar runs out.
export function countdown(onEnd) {
  let ended = false;
  const start = performance.now();
  for (const bar of document.querySelectorAll('progress[data-left]')) bar.dataset.since ??= String(start);
  return setInterval(() => {
    for (const bar of document.querySelectorAll('progress[data-left]')) {
      bar.dataset.since ??= String(performance.now());
      const left = Math.max(0, Number(bar.dataset.left) - (performance.now() - Number(bar.dataset.since)) / 1000);
      bar.value = left;
      const words = bar.parentElement.querySelector('[data-left-words]');
      if (words) words.textContent = left < 90 ? `${Math.ceil(left)} s left` : `${Math.ceil(left / 60)} min left`;
      if (left === 0 && !ended) {
        ended = true;
        onEnd();
        setTimeout(() => (ended = false), 5000);
      }
    }
  }, 1000);
}
