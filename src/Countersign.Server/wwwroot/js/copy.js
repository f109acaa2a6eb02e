// Copy, download and print buttons. Without script the text is there to select.
document.addEventListener('click', async (event) => {
  const button = event.target.closest('button[data-copy], button[data-download], button[data-print]');
  if (!button) return;
  if ('print' in button.dataset) {
    window.print();
  } else if (button.dataset.download) {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([`${textOf(button.dataset.download)}\n`], { type: 'text/plain' }));
    link.download = button.dataset.filename;
    link.click();
    URL.revokeObjectURL(link.href);
  } else {
    await copy(button);
  }
});

async function copy(button) {
  const words = button.firstChild;
  const before = words.textContent;
  try {
    await navigator.clipboard.writeText(textOf(button.dataset.copy));
    words.textContent = 'Copied';
  } catch {
    getSelection().selectAllChildren(document.getElementById(button.dataset.copy));
    words.textContent = 'Selected';
  }
  setTimeout(() => { words.textContent = before; }, 2000);
}

function textOf(id) {
  const element = document.getElementById(id);
  const items = [...element.querySelectorAll('li')];
  return items.length > 0 ? items.map((item) => item.textContent.trim()).join('\n') : element.textContent.trim();
}
