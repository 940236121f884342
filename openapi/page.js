(() => {
  "use strict";

  const root = document.documentElement;
  const $ = (selector, within = document) => within.querySelector(selector);
  const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];

  // Before anything is painted.
  const stored = () => {
    try { return localStorage.getItem("tigertonic.theme"); } catch { return null; } // where storage is forbidden
  };
  if (["light", "dark"].includes(stored())) root.dataset.theme = stored();
  root.classList.add("scripted");

  function element(name, text, className) {
    const e = document.createElement(name);
    e.textContent = text;
    if (className) e.className = className;
    return e;
  }

  // Light and dark.

  function theme() {
    const button = $("#theme");
    const system = matchMedia("(prefers-color-scheme: dark)");
    const dark = () => root.dataset.theme ? root.dataset.theme === "dark" : system.matches;
    const show = () => button.setAttribute("aria-pressed", String(dark()));
    button.addEventListener("click", () => {
      root.dataset.theme = dark() ? "light" : "dark";
      try { localStorage.setItem("tigertonic.theme", root.dataset.theme); } catch { /* for this page, then */ }
      show();
    });
    system.addEventListener("change", show);
    show();
    button.hidden = false;
  }

  // The contents: on a narrow screen they are a menu.

  function menu() {
    const button = $("#menu");
    const open = (yes) => {
      root.classList.toggle("menu", yes);
      button.setAttribute("aria-expanded", String(yes));
    };
    button.addEventListener("click", () => open(!root.classList.contains("menu")));
    $("#nav").addEventListener("click", (event) => {
      if (event.target.closest("a")) open(false);
    });
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && root.classList.contains("menu")) {
        open(false);
        button.focus();
      }
    });
    button.hidden = false;
    return open;
  }

  // The search: every word must be somewhere in an entry.

  function search(openMenu) {
    const input = $("#search");
    const groups = $$(".group").map((section) => ({ section, items: $$("li", section) }));
    const shown = () => $$(".group li:not([hidden]) > a");
    const filter = () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      let count = 0;
      for (const { section, items } of groups) {
        for (const item of items) {
          item.hidden = !words.every((word) => item.dataset.search.toLowerCase().includes(word));
          if (!item.hidden) count++;
        }
        section.hidden = items.every((item) => item.hidden);
      }
      $("#found").textContent = words.length === 0 ? "" : count === 0 ? "Nothing found" : `${count} found`;
    };
    input.addEventListener("input", filter);
    input.addEventListener("keydown", (event) => {
      if (event.key === "Enter") shown()[0]?.click();
      if (event.key === "Escape" && input.value) {
        event.stopPropagation();
        input.value = "";
        filter();
      }
    });
    $("#nav").addEventListener("keydown", (event) => {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (!step) return;
      const stops = [input, ...shown()];
      const next = stops[stops.indexOf(document.activeElement) + step];
      if (next) {
        event.preventDefault();
        next.focus();
      }
    });
    document.addEventListener("keydown", (event) => {
      if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
      event.preventDefault();
      openMenu(true);
      input.focus();
      input.select();
    });
    input.closest(".search").hidden = false;
    filter(); // the browser may have kept what was typed
  }

  // The entry of what is being read is marked.

  function follow() {
    const entries = new Map($$(".group li > a").map((a) => [decodeURIComponent(a.hash.slice(1)), a]));
    const targets = $$(".operation, .schema");
    let current;
    let waiting = false;
    const mark = () => {
      waiting = false;
      const read = targets.findLast((t) => t.getBoundingClientRect().top < innerHeight / 3);
      const entry = read && entries.get(read.id);
      if (entry === current) return;
      current?.removeAttribute("aria-current");
      entry?.setAttribute("aria-current", "true");
      current = entry;
      if (!entry || !entry.offsetParent) return;
      const nav = $("#nav");
      const [box, view] = [entry.getBoundingClientRect(), nav.getBoundingClientRect()];
      if (box.top < view.top + 60 || box.bottom > view.bottom) nav.scrollTop += box.top - view.top - view.height / 2;
    };
    addEventListener("scroll", () => {
      if (!waiting) requestAnimationFrame(mark);
      waiting = true;
    }, { passive: true });
    mark();
  }

  // JSON is shown token by token, indented if need be, so that no digit is lost.

  const token = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null|[{}[\],:]/g;

  function colour(code, text, indent) {
    const fragment = document.createDocumentFragment();
    const tokens = text.match(token) ?? [];
    let depth = 0;
    const line = () => fragment.append("\n" + "  ".repeat(depth));
    tokens.forEach((t, i) => {
      const [before, after] = [tokens[i - 1], tokens[i + 1]];
      if ("}]".includes(t)) {
        depth--;
        if (indent && !"{[".includes(before)) line();
      }
      if ("{}[],:".includes(t)) fragment.append(element("span", indent && t === ":" ? ": " : t, "p"));
      else if (t[0] === '"') fragment.append(after === ":" ? t : element("span", t, "s"));
      else fragment.append(element("span", t, /[a-z]/.test(t[0]) ? "l" : "n"));
      if ("{[".includes(t)) {
        depth++;
        if (indent && !"}]".includes(after)) line();
      }
      if (indent && t === ",") line();
    });
    code.replaceChildren(fragment);
  }

  function isJSON(text) {
    try {
      JSON.parse(text);
      return true;
    } catch {
      return false;
    }
  }

  const maxColoured = 200_000;

  function showJSON(code, text) {
    if (text.length <= maxColoured && isJSON(text)) colour(code, text, true);
  }

  // Copying: the clipboard is only there on https and localhost.

  async function copy(button) {
    const text = $("pre", button.closest(".panel")).textContent;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = element("textarea", text);
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  }

  // A request, as a form says it.

  const encode = (text, slashes) => {
    text = encodeURIComponent(text).replace(/[!'()*]/g, (c) => "%" + c.charCodeAt(0).toString(16).toUpperCase());
    return slashes ? text.replaceAll("%2F", "/") : text;
  };

  function valuesOf(field) {
    if (field.multiple) return [...field.selectedOptions].map((option) => option.value);
    const values = field.tagName === "TEXTAREA" ? field.value.split("\n") : [field.value];
    return values.filter(Boolean);
  }

  function baseOf(form) {
    const { server, host } = form.dataset;
    const base = new URL(server || "/", location.origin);
    if (!host) return base.origin + base.pathname.replace(/\/$/, "");
    const port = server.includes("://") || !location.port ? "" : ":" + location.port;
    return base.protocol + "//" + host + port + base.pathname.replace(/\/$/, "");
  }

  function requestOf(form) {
    const fields = $$("[data-in]", form).map((field) => ({ field, in: field.dataset.in, name: field.dataset.name, values: valuesOf(field) }));
    const path = form.dataset.path.replace(/\{([^{}]*?)(?:\.\.\.)?\}/g, (wildcard, name) => {
      const f = fields.find((f) => f.in === "path" && f.name === name);
      return f && f.values.length ? encode(f.field.value, "rest" in f.field.dataset) : wildcard;
    });
    const query = [], headers = [], cookies = [], general = [];
    for (const f of fields) {
      for (const value of f.values) {
        if (f.in === "query") query.push(encode(f.name) + "=" + encode(value));
        if (f.in === "header") headers.push([f.name, value]);
        if (f.in === "cookie") cookies.push([f.name, value]);
      }
    }
    const accept = $("[data-accept]", form);
    if (accept) general.push(["Accept", accept.value]);
    const body = $("[data-body]", form);
    if (body) general.push(["Content-Type", $("[data-type]", form).value]);
    return {
      method: form.dataset.method,
      path,
      url: baseOf(form) + path + (query.length ? "?" + query.join("&") : ""),
      credentials: credentialsOf(form), headers, cookies, general,
      body: body ? body.value : undefined,
    };
  }

  function credentialsOf(form) {
    return $$("[data-scheme]", form).map((field) => {
      if (field.dataset.scheme === "bearer") return { scheme: "bearer", given: field.value !== "", text: field.value || "token" };
      const password = $("[type=password]", field.closest(".pair")).value;
      const given = field.value !== "" || password !== "";
      return { scheme: "basic", given, text: given ? field.value + ":" + password : "user:password" };
    });
  }

  const quote = (text) => "'" + text.replaceAll("'", "'\\''") + "'";

  function curl(form) {
    const request = requestOf(form);
    const args = [];
    if (request.method === "HEAD") args.push("--head");
    else if (request.method !== "GET") args.push("-X " + request.method);
    for (const c of request.credentials) {
      args.push(c.scheme === "basic" ? "-u " + quote(c.text) : "-H " + quote("Authorization: Bearer " + c.text));
    }
    const line = (header) => "-H " + quote(header.join(": "));
    const cookies = request.cookies.map((cookie) => "-b " + quote(cookie.join("=")));
    args.push(...request.headers.map(line), ...cookies, ...request.general.map(line));
    if (request.body !== undefined) args.push("--data-raw " + quote(request.body));
    return [("streams" in form.dataset ? "curl -N " : "curl ") + quote(request.url), ...args].join(" \\\n  ");
  }

  function base64(text) {
    return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
  }

  function fetchOf(form, signal) {
    const request = requestOf(form);
    const headers = new Headers([...request.headers, ...request.general]);
    for (const c of request.credentials) {
      if (c.given) headers.set("Authorization", c.scheme === "basic" ? "Basic " + base64(c.text) : "Bearer " + c.text);
    }
    if (request.path.split("/").some((segment) => segment === "." || segment === "..")) {
      throw new Error("A browser can’t send “.” and “..” as a segment of a path.");
    }
    return fetch(request.url, {
      method: request.method, headers, signal,
      body: request.body || undefined,
      cache: "no-store",
      credentials: "cookies" in form.dataset ? "same-origin" : "omit", // no prompt of the browser's on a 401
      redirect: "follow",
    });
  }

  // The answer is shown as it comes.

  const maxShown = 2_000_000;

  async function readBody(response, code, progress) {
    const decoder = new TextDecoder();
    let text = "", bytes = 0;
    for (const reader = response.body.getReader(); ;) {
      const { done, value } = await reader.read();
      if (done) return { text, bytes };
      bytes += value.length;
      const piece = decoder.decode(value, { stream: true });
      if (text.length < maxShown) {
        text += piece;
        code.append(piece);
      }
      progress(bytes);
    }
  }

  const size = (bytes) => bytes < 10_000 ? `${bytes} bytes` : `${Math.round(bytes / 1000)} KB`;
  const isText = (type) => !type || /^text\/|json|xml|javascript|form-urlencoded|yaml/i.test(type);

  function statusOf(response) {
    const name = ["failed", "failed", "good", "moved", "wrong"][Math.floor(response.status / 100)] ?? "failed";
    return element("span", `${response.status} ${response.statusText}`.trim(), "status " + name);
  }

  async function send(form) {
    const result = $(".result", form), outcome = $(".outcome", form), pre = $("pre", result), code = $("code", pre), answer = $(".answer", form);
    const stop = $(".stop", form), submit = $(".send", form);
    const aborter = new AbortController();
    const began = performance.now();
    const took = () => `${Math.round(performance.now() - began)} ms`;
    const say = (...parts) => outcome.replaceChildren(...parts);
    stop.onclick = () => aborter.abort();
    submit.disabled = true;
    stop.hidden = result.hidden = false;
    answer.hidden = pre.hidden = true;
    code.replaceChildren();
    say("Sending …");
    let status;
    try {
      const response = await fetchOf(form, aborter.signal);
      status = statusOf(response);
      say(status, ` in ${took()}`);
      $("dl", answer).replaceChildren(...[...response.headers].flatMap(([name, value]) => [element("dt", name), element("dd", value)]));
      answer.hidden = false;
      const type = response.headers.get("Content-Type");
      if (!response.body) return;
      pre.hidden = !isText(type);
      const { text, bytes } = await readBody(response, pre.hidden ? element("code", "") : code, (n) => say(status, ` receiving, ${size(n)} so far`));
      say(status, ` in ${took()}, ${size(bytes)}${pre.hidden ? " of " + type : text.length >= maxShown ? ", of which this is the beginning" : ""}`);
      pre.hidden ||= bytes === 0;
      if (!pre.hidden) showJSON(code, text);
    } catch (error) {
      const stopped = error.name === "AbortError";
      const why = stopped ? `Stopped after ${took()}.` : error instanceof TypeError ? `There was no complete answer: ${error.message}. The server may be away, or doesn’t allow requests from this page.` : error.message;
      say(...(status ? [status, " "] : []), stopped ? why : element("span", why, "error"));
    } finally {
      stop.hidden = true;
      submit.disabled = false;
    }
  }

  function forms() {
    for (const form of $$(".try form")) {
      const code = $(".curl", form.closest(".operation"));
      const show = () => { code.textContent = curl(form); };
      const target = new URL(baseOf(form));
      if (target.origin !== location.origin) {
        const note = $(".elsewhere", form);
        $("code", note).textContent = target.host;
        note.hidden = false;
      }
      form.addEventListener("input", show);
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        send(form);
      });
      bodyOf(form, show);
      show();
      form.closest(".try").hidden = false;
    }
    document.addEventListener("input", ({ target }) => { // credentials are typed in once
      if (!target.dataset.credential) return;
      for (const other of $$("[data-credential]")) {
        if (other === target || other.dataset.credential !== target.dataset.credential) continue;
        other.value = target.value;
        $(".curl", other.closest(".operation")).textContent = curl(other.form);
      }
    });
  }

  function bodyOf(form, show) {
    const body = $("[data-body]", form), type = $("[data-type]", form);
    if (!body) return;
    const hint = $(".hint", body.parentElement);
    const check = () => {
      const wrong = /json$/.test(type.value) && body.value !== "" && !isJSON(body.value);
      hint.textContent = wrong ? "This isn’t JSON." : "";
      hint.classList.toggle("bad", wrong);
    };
    body.addEventListener("input", check);
    type.addEventListener("change", () => {
      body.value = type.selectedOptions[0].dataset.example;
      check();
      show();
    });
    check();
  }

  document.addEventListener("DOMContentLoaded", () => {
    theme();
    search(menu());
    follow();
    forms();
    for (const code of $$("code.json, .response .example code")) {
      if (isJSON(code.textContent)) colour(code, code.textContent, true);
    }
    for (const button of $$(".copy")) {
      button.addEventListener("click", () => copy(button));
      button.hidden = false;
    }
  });
})();
