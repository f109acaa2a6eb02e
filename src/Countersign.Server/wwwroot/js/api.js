// Calls of the JSON API from a page. The header cannot be set by another site's form, and the browser adds Origin.
export async function post(path, body) {
  const answer = await fetch(path, {
    method: 'POST',
    credentials: 'same-origin',
    redirect: 'error',
    headers: { 'Content-Type': 'application/json', Accept: 'application/json', 'X-Countersign-Page': '1' },
    body: JSON.stringify(body ?? {}),
  });
  const json = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refused(json.detail ?? json.title ?? 'That was refused. Reload the page and try again.');
  return json;
}

export class Refused extends Error {}
