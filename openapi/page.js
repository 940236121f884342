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

  // The search: every word must be somewhere in an entry. On a page that isn't whole, the
  // entries are those of an index, which is asked for when the search is first used.

  const maxFound = 100;

  function search(openMenu) {
    const input = $("#search"), nav = $("#nav");
    const shown = () => $$("li > a", nav).filter((a) => a.offsetParent);
    const say = (words, count) => { $("#found").textContent = words.length === 0 ? "" : count === 0 ? "Nothing found" : `${count} found`; };
    const inPage = (words) => {
      const found = new Set(); // an entry may be in many groups
      for (const section of $$(".group")) {
        const items = $$("li", section);
        for (const item of items) {
          item.hidden = !words.every((word) => item.dataset.search.toLowerCase().includes(word));
          if (!item.hidden) found.add($("a", item).hash);
        }
        section.hidden = items.every((item) => item.hidden);
      }
      say(words, found.size);
    };
    let index;
    const inIndex = async (words) => {
      if (words.length > 0) index ??= entriesOf(nav.dataset.index);
      const entries = words.length > 0 ? await index : [];
      if (words.join() !== wordsOf(input.value).join()) return; // more has been typed
      const found = entries.filter(({ text }) => words.every((word) => text.includes(word)));
      $("#results").replaceChildren(...found.slice(0, maxFound).map(({ item }) => item()));
      $("#results").hidden = found.length === 0;
      $("#groups").hidden = words.length > 0;
      say(words, found.length);
    };
    const wordsOf = (text) => text.toLowerCase().split(/\s+/).filter(Boolean);
    const filter = () => (nav.dataset.index ? inIndex : inPage)(wordsOf(input.value));
    input.addEventListener("input", filter);
    input.addEventListener("keydown", (event) => {
      if (event.key === "Enter") shown()[0]?.click();
      if (event.key === "Escape" && input.value) {
        event.stopPropagation();
        input.value = "";
        filter();
      }
    });
    nav.addEventListener("keydown", (event) => {
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

  async function entriesOf(url) {
    const { operations, schemas } = await (await fetch(url)).json();
    const entry = (query, label, method, text) => ({
      text: text.join(" ").toLowerCase(),
      item() {
        const li = document.createElement("li"), a = element("a", "");
        a.href = query;
        a.append(element("span", label, "label"), " ");
        if (method) a.append(element("span", method, "method " + method.toLowerCase()));
        li.append(a);
        return li;
      },
    });
    return [
      ...(operations ?? []).map(([method, path, title, anchor, ...more]) => entry("?operation=" + encodeURIComponent(anchor), title || path, method, [method, path, title, ...more])),
      ...(schemas ?? []).map((name) => entry("?schema=" + encodeURIComponent(name), name, "", [name])),
    ];
  }

  // The entry of what is shown is brought into view among the contents.
  function reveal() {
    const entry = $("#groups [aria-current]"), nav = $("#nav");
    if (!entry?.offsetParent) return;
    const [box, view] = [entry.getBoundingClientRect(), nav.getBoundingClientRect()];
    if (box.top < view.top + 60 || box.bottom > view.bottom) nav.scrollTop += box.top - view.top - view.height / 2;
  }

  // Of a document that isn't whole on one page, the next page takes the place of this one
  // without leaving it, so that what was typed in isn't lost.

  function pages(openMenu) {
    const parts = ["#content", "#groups", ".skip"];
    const show = async (url) => {
      const response = await fetch(url);
      if (!response.ok) throw new Error(response.status);
      const next = new DOMParser().parseFromString(await response.text(), "text/html");
      document.title = next.title;
      for (const part of parts) $(part).replaceWith(document.adoptNode($(part, next)));
      $("#groups").hidden = !$("#results").hidden;
      reveal();
      began();
    };
    const go = (url, done) => show(url).then(done, () => { location.href = url; });
    document.addEventListener("click", (event) => {
      const a = event.target.closest("a");
      if (!a || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
      if (a.origin !== location.origin || a.pathname !== location.pathname || !a.getAttribute("href").startsWith("?") || a.search === "?openapi.json" || a.search === "?openapi.yaml") return;
      event.preventDefault();
      openMenu(false);
      go(a.href, () => {
        history.pushState(null, "", a.href);
        scrollTo(0, 0);
        $("#content").focus({ preventScroll: true });
      });
    });
    addEventListener("popstate", () => go(location.href, () => {}));
    reveal();
    const old = location.hash.slice(1); // an address from when the document was small
    if (old && !document.getElementById(decodeURIComponent(old))) {
      const query = old.startsWith("schema.") ? "?schema=" + old.slice("schema.".length) : "?operation=" + old;
      fetch(query).then((response) => { if (response.ok) location.replace(query); });
    }
  }

  // The entry of what is being read is marked.

  function follow() {
    if ($("#nav").dataset.index) return; // the entry is marked already
    const entries = new Map($$(".group li > a").reverse().map((a) => [decodeURIComponent(a.hash.slice(1)), a]));
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

  // Where there must be a value and isn't yet, the curl line has the name in braces.
  function requestOf(form, holes) {
    const fields = $$("[data-in]:not([data-in=form])", form).map((field) => ({ field, in: field.dataset.in, name: field.dataset.name, values: valuesOf(field) }));
    const path = form.dataset.path.replace(/\{([^{}]*?)(?:\.\.\.)?\}/g, (wildcard, name) => {
      const f = fields.find((f) => f.in === "path" && f.name === name);
      return f && f.values.length ? encode(f.field.value, "rest" in f.field.dataset) : wildcard;
    });
    const query = [], headers = [], cookies = [], general = [];
    for (const f of fields) {
      const hole = holes && ("secret" in f.field.dataset || f.field.required && f.values.length === 0);
      if (hole && f.in === "query") query.push(encode(f.name) + "={" + encode(f.name) + "}");
      for (const value of !hole ? f.values : f.in === "query" ? [] : ["{" + f.name + "}"]) {
        if (f.in === "query" && "members" in f.field.dataset) {
          const [, name, text] = value.match(/^([^=]*)=?(.*)$/);
          query.push(encode(`${f.name}[${name}]`) + "=" + encode(text));
        } else if (f.in === "query") query.push(encode(f.name) + "=" + encode(value));
        if (f.in === "header") headers.push([f.name, value]);
        if (f.in === "cookie") cookies.push([f.name, value]);
      }
    }
    const accept = $("[data-accept]", form);
    if (accept) general.push(["Accept", accept.value]);
    const payload = payloadOf(form);
    if (payload && payload.parts === undefined) general.push(["Content-Type", shownType(payload)]);
    return {
      method: form.dataset.method,
      path,
      url: baseOf(form) + path + (query.length ? "?" + query.join("&") : ""),
      credentials: credentialsOf(form), headers, cookies, general,
      payload,
    };
  }

  // Of a range such as image/*, the file says which it is.
  function shownType({ type, file }) {
    if (!type.includes("*")) return type;
    return file?.type || (type === "*/*" || file ? "application/octet-stream" : `{${type}}`);
  }

  // What is sent as the body: a text, a file, or the parts of a form.
  function payloadOf(form) {
    const type = $("[data-type]", form)?.value;
    const payload = $$("[data-payload]", form).find((p) => p.dataset.payload === type);
    if (!payload) return undefined;
    const text = $("[data-body]", payload), file = $("[data-file]", payload);
    if (text) return { type, text: text.value };
    if (file) return { type, file: file.files[0] ?? null };
    const parts = $$("[data-in=form]", payload).flatMap((field) => {
      const { name } = field.dataset;
      if (field.type !== "file") {
        const values = valuesOf(field);
        return (values.length || !field.required ? values : [`{${name}}`]).map((value) => ({ name, value }));
      }
      const partType = /[*,]/.test(field.accept) ? "" : field.accept; // of several, curl knows it by the name
      const files = [...field.files].map((file) => ({ name, file, partType }));
      return files.length || !field.required ? files : [{ name, missing: true, partType }];
    });
    return { type, parts, encoded: !type.startsWith("multipart/") };
  }

  function bodyOfPayload(payload) {
    if (!payload) return undefined;
    if (payload.text !== undefined) return payload.text || undefined;
    if (payload.file !== undefined) return payload.file ?? undefined;
    const body = payload.encoded ? new URLSearchParams() : new FormData();
    for (const { name, value, file } of payload.parts) body.append(name, file ?? value);
    return body;
  }

  function curlOfPayload(payload) {
    if (!payload) return [];
    if (payload.text !== undefined) return ["--data-raw " + quote(payload.text)];
    if (payload.file !== undefined) return ["--data-binary " + quote("@" + (payload.file?.name ?? "{file}"))];
    return payload.parts.map(({ name, value, file, missing, partType }) => {
      const ofType = partType ? ";type=" + partType : "";
      if (missing) return "-F " + quote(`${name}=@{${name}}${ofType}`);
      if (file) return "-F " + quote(`${name}=@${/[,;"]/.test(file.name) ? JSON.stringify(file.name) : file.name}${ofType}`);
      if (payload.encoded) return "--data-urlencode " + quote(encode(name) + "=" + value);
      return (/^[@<]|;/.test(value) ? "--form-string " : "-F ") + quote(name + "=" + value);
    });
  }

  function credentialsOf(form) {
    return $$("[data-scheme]", form).map((field) => {
      if (field.dataset.scheme === "bearer") return { scheme: "bearer", given: field.value !== "", text: field.value };
      const password = $("[type=password]", field.closest(".pair")).value;
      const given = field.value !== "" || password !== "";
      return { scheme: "basic", given, user: field.value || "user", text: field.value + ":" + password };
    });
  }

  const quote = (text) => "'" + text.replaceAll("'", "'\\''") + "'";

  function curl(form) {
    const request = requestOf(form, true);
    const args = [];
    if (request.method === "HEAD") args.push("--head");
    else if (request.method !== "GET") args.push("-X " + request.method);
    for (const c of request.credentials) { // without what the fields hide: curl asks for a password
      args.push(c.scheme === "basic" ? "-u " + quote(c.user) : '-H "Authorization: Bearer $TOKEN"');
    }
    const line = (header) => "-H " + quote(header.join(": "));
    const cookies = request.cookies.map((cookie) => "-b " + quote(cookie.join("=")));
    args.push(...request.headers.map(line), ...cookies, ...request.general.map(line));
    args.push(...curlOfPayload(request.payload));
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
      body: bodyOfPayload(request.payload),
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

  const credentials = new Map(); // which are typed in once, for all forms

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
      for (const field of $$("[data-credential]", form)) field.value = credentials.get(field.dataset.credential) ?? field.value;
      form.addEventListener("input", show);
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        send(form);
      });
      bodyOf(form, show);
      show();
      form.closest(".try").hidden = false;
    }
  }

  document.addEventListener("input", ({ target }) => {
    if (!target.dataset.credential) return;
    credentials.set(target.dataset.credential, target.value);
    for (const other of $$("[data-credential]")) {
      if (other === target || other.dataset.credential !== target.dataset.credential) continue;
      other.value = target.value;
      $(".curl", other.closest(".operation")).textContent = curl(other.form);
    }
  });

  function bodyOf(form, show) {
    const type = $("[data-type]", form);
    if (!type) return;
    const choose = () => {
      for (const payload of $$("[data-payload]", form)) {
        payload.hidden = payload.dataset.payload !== type.value;
        for (const field of $$("input, textarea, select", payload)) field.disabled = payload.hidden; // or what isn't shown is required
      }
      show();
    };
    for (const body of $$("[data-body]", form)) {
      const hint = $(".hint", body.parentElement), { payload } = body.closest(".payload").dataset;
      const check = () => {
        const wrong = /json$/.test(payload) && body.value !== "" && !isJSON(body.value);
        hint.textContent = wrong ? "This isn’t JSON." : "";
        hint.classList.toggle("bad", wrong);
      };
      body.addEventListener("input", check);
      check();
    }
    type.addEventListener("change", choose);
    choose();
  }

  // What is to be done to each page that is shown.
  function began() {
    forms();
    for (const code of $$("code.json, .response .example code")) {
      if (isJSON(code.textContent)) colour(code, code.textContent, true);
    }
    for (const button of $$(".copy")) {
      button.addEventListener("click", () => copy(button));
      button.hidden = false;
    }
  }

  document.addEventListener("DOMContentLoaded", () => {
    theme();
    const openMenu = menu();
    search(openMenu);
    follow();
    began();
    if ($("#nav").dataset.index) pages(openMenu);
  });
})();
