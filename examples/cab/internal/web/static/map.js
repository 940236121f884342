// Draws the city, follows it, and asks who is near where it is clicked.
'use strict';
(() => {
  const canvas = document.getElementById('map'), answer = document.getElementById('answer');
  const pen = canvas.getContext('2d');
  const center = { lat: Number(canvas.dataset.lat), lng: Number(canvas.dataset.lng) };
  const degree = 111195, block = 600; // meters; every fourth street is drawn
  const old = new Map(), now = new Map();
  let busy = new Set(), found = [], place = null, came = 0, frame = 0;
  let half = 7000; // meters from the middle to the nearer edge

  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const east = (lng) => (lng - center.lng) * degree * Math.cos(center.lat * Math.PI / 180);
  const north = (lat) => (lat - center.lat) * degree;
  const scale = () => Math.min(canvas.clientWidth, canvas.clientHeight) / 2 / half;
  const x = (lng) => canvas.clientWidth / 2 + east(lng) * scale();
  const y = (lat) => canvas.clientHeight / 2 - north(lat) * scale();

  function draw() {
    frame = 0;
    const ratio = devicePixelRatio || 1, w = canvas.clientWidth, h = canvas.clientHeight, k = scale();
    if (canvas.width !== Math.round(w * ratio) || canvas.height !== Math.round(h * ratio)) {
      canvas.width = Math.round(w * ratio);
      canvas.height = Math.round(h * ratio);
    }
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, w, h);
    pen.strokeStyle = color('--street');
    pen.lineWidth = 1;
    pen.beginPath();
    for (let at = (w / 2) % (block * k); at < w; at += block * k) { pen.moveTo(at, 0); pen.lineTo(at, h); }
    for (let at = (h / 2) % (block * k); at < h; at += block * k) { pen.moveTo(0, at); pen.lineTo(w, at); }
    pen.stroke();
    const part = Math.min(1, (performance.now() - came) / 1000);
    for (const [id, d] of now) {
      const from = old.get(id) || d;
      const lat = from.lat + (d.lat - from.lat) * part, lng = from.lng + (d.lng - from.lng) * part;
      dot(lat, lng, busy.has(id) ? '--job' : '--free', busy.has(id) ? 4 : 2.5);
    }
    for (const d of found) dot(d.lat, d.lng, '--found', 4.5);
    if (place) {
      pen.strokeStyle = color('--found');
      pen.lineWidth = 2;
      pen.beginPath();
      pen.arc(x(place.lng), y(place.lat), 9, 0, 7);
      pen.stroke();
    }
    if (part < 1 && now.size > 0 && !matchMedia('(prefers-reduced-motion: reduce)').matches) later();
  }
  function dot(lat, lng, name, size) {
    pen.fillStyle = color(name);
    pen.beginPath();
    pen.arc(x(lng), y(lat), size, 0, 7);
    pen.fill();
  }
  function later() { if (!frame) frame = requestAnimationFrame(draw); }

  const source = new EventSource('/live');
  source.onmessage = (event) => {
    const status = JSON.parse(event.data);
    old.clear();
    for (const [id, d] of now) old.set(id, d);
    now.clear();
    for (const d of status.drivers) now.set(d.id, d);
    const on = status.jobs.filter((j) => ['accepted', 'arrived', 'on_trip'].includes(j.state));
    busy = new Set(on.map((j) => j.driver));
    came = performance.now();
    document.getElementById('positions').textContent = status.positionsPerSecond.toLocaleString('en');
    document.getElementById('requests').textContent = status.requestsPerSecond.toLocaleString('en');
    document.getElementById('going').textContent = String(status.jobs.filter((j) => !['complete', 'cancelled', 'expired'].includes(j.state)).length);
    canvas.dataset.seen = String(Number(canvas.dataset.seen || 0) + 1);
    later();
  };
  addEventListener('pagehide', () => source.close());
  addEventListener('resize', later);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', later);

  const element = (name, text) => { const e = document.createElement(name); e.textContent = text; return e; };
  function say(title, ...more) { answer.replaceChildren(element('h2', title), ...more); }

  async function near(at) {
    place = at;
    found = [];
    later();
    try {
      const rs = await fetch('/v1/customer/neardrivers?lat=' + at.lat.toFixed(5) + '&lng=' + at.lng.toFixed(5) + '&n=5', { headers: { Traceparent: traceparent() } });
      const body = await rs.json();
      if (!rs.ok) { say('Nobody can say', element('p', body.detail || body.title)); return; }
      found = body.drivers;
      later();
      const list = element('p', body.drivers.length ? body.drivers.map((d) => d.id + ' in ' + Math.ceil(d.etaSeconds / 60) + ' min').join(', ') : 'Nobody is near.');
      const fares = element('p', body.fares.map((f) => f.service + ' from ' + (f.base / 100).toFixed(2) + ' ' + f.currency).join(', '));
      const left = element('p', body.degraded.length ? 'Left out: ' + body.degraded.join(', ') : '');
      left.className = 'bad';
      say('Who is near', list, fares, left);
      await waterfall(body.traceId);
    } catch { say('Nobody can say', element('p', 'The service can’t be reached.')); }
  }
  function traceparent() {
    const random = crypto.getRandomValues(new Uint8Array(24));
    const hex = [...random].map((b) => b.toString(16).padStart(2, '0')).join('');
    return '00-' + hex.slice(0, 32) + '-' + hex.slice(32) + '-01';
  }
  async function waterfall(id) {
    for (let i = 0; i < 20; i++) {
      const rs = await fetch('/traces/' + id, { headers: { Accept: 'text/html' } });
      if (rs.ok) {
        const page = new DOMParser().parseFromString(await rs.text(), 'text/html');
        const link = element('a', 'Its trace');
        link.href = '/traces/' + id;
        const p = element('p', '');
        p.append(link, ' ' + page.querySelector('.about').textContent.split('.')[0] + '.' + page.querySelector('.about').textContent.split('.').slice(1, 2));
        answer.append(p, document.importNode(page.getElementById('waterfall'), true));
        return;
      }
      await new Promise((done) => setTimeout(done, 100));
    }
  }
  async function order(at) {
    place = at;
    later();
    const rs = await fetch('/v1/jobs', { method: 'POST', headers: { 'Content-Type': 'application/json', 'Idempotency-Key': traceparent().slice(3, 35) }, body: JSON.stringify({ customer: 'you', lat: at.lat, lng: at.lng, service: 'taxi' }) });
    if (!rs.ok) { say('No taxi', element('p', 'The job can’t be taken at the moment.')); return; }
    let job = await rs.json();
    const said = document.createElement('ol');
    say('Your taxi', said);
    for (let last = ''; ;) {
      const text = job.state.replace('_', ' ') + (job.driver ? ' by ' + job.driver : job.offered.length ? ' to ' + job.offered.join(', ') : '');
      if (text !== last) { said.append(element('li', text)); last = text; }
      if (['complete', 'cancelled', 'expired'].includes(job.state) || !said.isConnected) return;
      await new Promise((done) => setTimeout(done, 700));
      const next = await fetch('/v1/jobs/' + job.id);
      if (next.ok) job = await next.json();
    }
  }
  canvas.addEventListener('click', (event) => {
    const box = canvas.getBoundingClientRect(), k = scale();
    const e = (event.clientX - box.left - canvas.clientWidth / 2) / k, n = (canvas.clientHeight / 2 - (event.clientY - box.top)) / k;
    near({ lat: center.lat + n / degree, lng: center.lng + e / degree / Math.cos(center.lat * Math.PI / 180) });
  });
  document.getElementById('near').addEventListener('click', () => near(center));
  document.getElementById('order').addEventListener('click', () => order(center));
  draw();
})();
