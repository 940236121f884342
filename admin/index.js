"use strict";
// Keeps the page as it is now. Without this script, it is as it was when it was loaded.
(() => {
  const at = (id) => document.getElementById(id);
  const make = (tag, className, ...content) => {
    const e = document.createElement(tag);
    if (className) e.className = className;
    e.append(...content.filter((c) => c !== undefined && c !== null));
    return e;
  };
  const set = (id, text) => {
    const e = at(id);
    if (e && e.textContent !== text) e.textContent = text;
  };
  const fill = (id, items) => {
    at(id).hidden = items.length === 0;
    at(id).querySelector("ul").replaceChildren(...items);
  };
  const state = (bad, text) => make("span", bad ? "state bad" : "state", text);
  const head = (...content) => make("div", "head", ...content);

  const svg = (tag, attributes, ...children) => {
    const e = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) e.setAttribute(name, value);
    e.append(...children);
    return e;
  };
  const spark = (history, bad) => {
    const highest = Math.max(1, ...history.map((h) => h[0]));
    const line = (of) => history.map((h, i) => `${i},${(15.5 - (15 * h[of]) / highest).toFixed(1)}`).join(" ");
    const e = svg("svg", {
      class: "spark", viewBox: "0 0 59 16", preserveAspectRatio: "none", role: "img",
      "aria-label": "Requests and failures of the last ten minutes",
    }, svg("polyline", { points: line(0) }));
    if (bad) e.append(svg("polyline", { class: "bad", points: line(1) }));
    return e;
  };

  // Go's durations, such as 1h2m3.004s, with no more digits than one can take in.
  const short = (d) => {
    if (d === "0s") return "–";
    const m = /^([\d.]+)(µs|ms|s)$/.exec(d);
    if (!m) return d;
    return Number(m[1]).toFixed({ "µs": 0, ms: 1, s: 2 }[m[2]]).replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "") + m[2];
  };
  const rate = (n) => (n === 0 ? "0" : String(Number(n.toPrecision(3))));

  const show = (s) => {
    const mark = at("state");
    mark.className = s.ready ? "state" : "state bad";
    set("state", s.draining ? "Draining" : s.ready ? "Ready" : "Not ready");
    set("up", s.up);
    set("restarts", String(s.restarts));
    set("connections", `${s.connections.active} active, ${s.connections.idle} idle, ${s.connections.new} new`);
    fill("checks", s.checks.map((c) => make("li", "",
      head(make("span", "name", c.name), state(!c.ok, c.ok ? "OK" : "Failing"), make("span", "soft", c.took)),
      c.error && make("p", "error", c.error))));
    at("unchecked").hidden = s.checks.length > 0;
    set("unchecked", s.draining ? "The service is about to stop. No checks are run." : "There are none.");
    fill("routes", s.routes.map((r) => make("li", "",
      head(make("code", "name", r.name), r.failed > 0 ? state(true, "Failing") : null),
      make("div", "head figures", ...[
        `${rate(r.rate)}/s`, `${r.failed} of ${r.requests} failed`, `p50 ${short(r.p50)}`, `p99 ${short(r.p99)}`, `${r.in_flight} in flight`,
      ].map((text) => make("span", "", text))),
      spark(r.history, r.failed > 0))));
    fill("errors", s.errors.map((e) => make("li", "",
      head(state(true, String(e.status)), make("code", "name", e.route), make("time", "soft", e.time.replace(/\.\d+Z$/, "Z"))),
      e.request_id && make("p", "soft", "Request ", make("code", "", e.request_id)),
      e.cause && make("p", "error", e.cause))));
  };

  const source = new EventSource("watch");
  const live = (yes) => { at("live").hidden = !yes; };
  source.onopen = () => live(true);
  source.onerror = () => live(false);
  source.onmessage = (event) => show(JSON.parse(event.data));
})();
