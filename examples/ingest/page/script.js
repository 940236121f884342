// Shows what the service says of itself each second.
"use strict";

const element = (id) => document.getElementById(id);
const whole = new Intl.NumberFormat("en");
const rates = [];
const seconds = 60;

function size(bytes) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let n = bytes, i = 0;
  for (; n >= 1024 && i < units.length - 1; i++) n /= 1024;
  return (i === 0 || n >= 100 ? Math.round(n) : n.toFixed(1)) + " " + units[i];
}

function plural(n, word) { return whole.format(n) + " " + word + (n === 1 ? "" : "s"); }

function setState(node, state) {
  node.textContent = state;
  node.className = "state " + state;
}

function draw() {
  const peak = Math.max(...rates, 1);
  const points = rates.map((rate, i) => {
    const x = 600 * (i + seconds - rates.length) / (seconds - 1);
    return x.toFixed(1) + "," + (118 - 112 * rate / peak).toFixed(1);
  });
  const first = points[0].split(",")[0];
  document.querySelector(".line").setAttribute("d", "M" + points.join("L"));
  document.querySelector(".area").setAttribute("d", "M" + first + ",120L" + points.join("L") + "L600,120Z");
  element("peak").textContent = "peak " + whole.format(Math.max(...rates));
}

function count(id, n) {
  element(id).textContent = whole.format(n);
  element(id).closest("div").classList.toggle("some", n > 0);
}

function fill(percent) {
  const bar = element("spool");
  bar.setAttribute("aria-valuenow", percent);
  bar.classList.toggle("high", percent >= 80);
  bar.firstElementChild.style.width = percent + "%";
}

function row(segment) {
  const tr = document.createElement("tr");
  for (let i = 0; i < 4; i++) tr.append(document.createElement("td"));
  const link = document.createElement("a");
  link.href = "1.0/segments/" + encodeURIComponent(segment.id);
  link.textContent = segment.id;
  const state = document.createElement("span");
  setState(state, segment.state);
  if (segment.failures) state.title = "uploads that have failed: " + segment.failures;
  tr.cells[0].append(link);
  tr.cells[1].append(state);
  tr.cells[2].textContent = whole.format(segment.payloads);
  tr.cells[3].textContent = size(segment.bytes) + (segment.stored ? " → " + size(segment.stored) : "");
  return tr;
}

function show(s) {
  setState(element("state"), s.state);
  rates.push(...s.rates);
  rates.splice(0, rates.length - seconds);
  if (rates.length > 0) draw();
  element("rate").textContent = whole.format(s.rate);
  count("accepted", s.accepted);
  count("stored", s.stored);
  element("stored").title = size(s.stored_bytes);
  count("uploading", s.uploading);
  count("refused", s.refused);
  count("failures", s.failures);
  fill(s.max ? Math.round(100 * s.used / s.max) : 0);
  element("spool-text").textContent = s.max
    ? size(s.used) + " of " + size(s.max) + ", " + plural(s.waiting, "segment") + " waiting"
    : "Payloads go to a queue.";
  element("none").hidden = s.segments.length > 0;
  element("segments").hidden = s.segments.length === 0;
  element("segments").tBodies[0].replaceChildren(...s.segments.map(row));
}

const source = new EventSource("1.0/live");
source.onopen = () => { rates.length = 0; };
source.onmessage = (event) => show(JSON.parse(event.data));
source.onerror = () => setState(element("state"), "lost");
