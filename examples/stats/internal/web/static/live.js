// Shows what has changed while the page is open. The page is whole without it.
'use strict';
(() => {
  const place = document.querySelector('[data-live]');
  if (!place || !window.EventSource) return;
  let busy = false, again = false, seen = 0;
  // What the keyboard reaches in the part that changes, in order: the focus stays at its place.
  const reached = () => [...place.querySelectorAll('a[href], button, input, summary')];
  async function refresh() {
    if (busy) { again = true; return; }
    busy = true;
    try {
      const rs = await fetch(location.href, { headers: { Accept: 'text/html' } });
      if (rs.ok && !rs.redirected) {
        const fresh = new DOMParser().parseFromString(await rs.text(), 'text/html').querySelector('[data-live]');
        const opened = [...place.querySelectorAll('details')].map((d) => d.open);
        const checked = new Set([...place.querySelectorAll('input:checked')].map((i) => i.value));
        const focused = reached().indexOf(document.activeElement);
        place.replaceChildren(...fresh.childNodes);
        place.querySelectorAll('details').forEach((d, i) => { d.open = !!opened[i]; });
        place.querySelectorAll('input[type=checkbox]').forEach((i) => { if (checked.has(i.value)) i.checked = true; });
        reached()[focused]?.focus({ preventScroll: true });
        place.dataset.refreshed = String(Number(place.dataset.refreshed || 0) + 1);
      }
    } catch { /* the next change tries again */ }
    busy = false;
    if (again) { again = false; setTimeout(refresh, 1000); }
  }
  const source = new EventSource(place.dataset.live);
  const known = new Map();
  source.onmessage = (event) => {
    const now = JSON.parse(event.data);
    const text = now.time + ' ' + now.value;
    if (known.has(now.stat) && known.get(now.stat) !== text) refresh();
    known.set(now.stat, text);
    seen++;
    place.dataset.seen = String(seen);
  };
  source.onopen = () => { document.body.dataset.connected = 'yes'; };
  source.onerror = () => { delete document.body.dataset.connected; };
  addEventListener('pagehide', () => source.close());
})();
