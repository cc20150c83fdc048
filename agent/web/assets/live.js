// Keeps a page up to date: applies the changes that the agent streams, and shows at once when the
// stream stops. Values are set as text or as attributes, never as markup.
"use strict";
(() => {
  const SILENCE_MS = 4000; // four periods without an event: the connection is lost
  const RETRY_MS = 1500;
  const body = document.body;
  const root = body.dataset.root;
  const link = document.getElementById("link");
  const word = link.querySelector("[role]");
  const when = link.querySelector("time");
  let source = null;
  let retry = 0;
  let received = 0;
  let ahead = 0; // the agent's clock minus the browser's, in seconds
  let places = new Map();

  const collect = () => {
    places = new Map();
    for (const element of document.querySelectorAll("[data-live]")) {
      const key = element.dataset.live;
      if (places.has(key)) places.get(key).push(element);
      else places.set(key, [element]);
    }
  };

  const apply = (cells) => {
    for (const [key, cell] of Object.entries(cells)) {
      for (const element of places.get(key) || []) {
        for (const [name, value] of Object.entries(cell)) {
          if (name === "text" && cell["data-ago"]) continue; // written by tick()
          if (name === "text") {
            if (element.textContent !== value) element.textContent = value;
          } else element.setAttribute(name, value);
        }
      }
    }
  };

  // Screen readers announce the state when it changes, but not the time beside it.
  const say = (state, text, time = "") => {
    if (when.textContent !== time) when.textContent = time;
    if (link.dataset.link === state && word.textContent === text) return;
    link.dataset.link = state;
    word.textContent = text;
    document.documentElement.dataset.link = state;
  };

  const clock = (unix) => new Date(unix * 1000).toLocaleTimeString();

  const lost = () => {
    const since = received ? ` since ${clock(received / 1000)}` : "";
    say("lost", `connection lost${since}`);
  };

  const shut = () => {
    clearTimeout(retry);
    if (source) source.close();
    source = null;
  };

  const open = () => {
    shut();
    // A browser opens at most six connections per host for all tabs, so a hidden tab keeps none.
    if (!body.dataset.shape || document.hidden) return;
    const { page, shape, moment } = body.dataset;
    const address = `${root}live?${new URLSearchParams({ page, shape, moment })}`;
    source = new EventSource(address);
    source.onmessage = (event) => {
      const update = JSON.parse(event.data);
      received = Date.now();
      ahead = update.at - received / 1000;
      apply(update.cells);
      body.dataset.moment = update.moment;
      say("live", "live", clock(update.at));
    };
    source.addEventListener("shape", renew);
    source.onerror = () => {
      const refused = source.readyState === EventSource.CLOSED;
      shut(); // the browser does not retry a refused stream, so this does
      if (refused) explain(address);
      else lost();
      retry = setTimeout(open, RETRY_MS);
    };
  };

  // A refused stream carries no reason; a plain request for the same URL does.
  const explain = async (address) => {
    const given = new AbortController();
    try {
      const answer = await fetch(address, { signal: given.signal });
      if (answer.status === 404) return renew();
      if (answer.status !== 503) given.abort();
      return say("lost", (await answer.json()).detail);
    } catch {
      return lost();
    }
  };

  // The page has other parts now: load them, keep what is open, focused and scrolled to.
  const renew = async () => {
    shut();
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      if (!answer.ok && answer.status !== 404) throw new Error(answer.statusText);
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      const opened = [...document.querySelectorAll("details[open]")].map(name);
      const focus = document.activeElement && name(document.activeElement);
      const typed = new Map([...document.querySelectorAll("form input[type=text]")].map((e) => [field(e), e.value]));
      document.title = fresh.title;
      document.getElementById("main").replaceWith(fresh.getElementById("main"));
      body.dataset.shape = fresh.body.dataset.shape;
      body.dataset.moment = fresh.body.dataset.moment;
      for (const each of document.querySelectorAll("details")) {
        if (opened.includes(name(each))) each.open = true;
      }
      for (const each of document.querySelectorAll("form input[type=text]")) {
        if (typed.get(field(each))) each.value = typed.get(field(each));
      }
      if (focus) {
        const again = [...document.querySelectorAll("a, button, summary, input")].find((e) => name(e) === focus);
        if (again) again.focus({ preventScroll: true });
      }
      collect();
      filtering();
      open();
    } catch {
      lost();
      retry = setTimeout(renew, RETRY_MS);
    }
  };

  // Identifies an element before and after a reload; its value may differ.
  const name = (element) => {
    const row = element.closest("[data-filter]");
    if (row) return `${element.tagName} ${row.dataset.filter}`;
    return element.id || element.dataset.live || element.getAttribute("href") || element.textContent.trim().slice(0, 80);
  };

  const field = (element) => `${element.form.id} ${element.name}`;

  // A file is sent as the request body, without a form, so that it need not fit into memory.
  const uploads = () => {
    document.addEventListener("submit", async (event) => {
      const form = event.target;
      if (!("upload" in form.dataset) || event.submitter.value !== "yes") return;
      event.preventDefault();
      const { token, id, text, file } = form.elements;
      const chosen = file.files[0];
      const query = new URLSearchParams({ id: id.value, text: text.value, name: chosen.name });
      const address = `${form.action.replace(/answer$/, "attach")}?${query}`;
      const answer = await fetch(address, { method: "PUT", body: chosen, headers: { "X-Token": token.value } });
      if (!answer.ok) say("lost", await answer.text());
    });
  };

  const pictures = () => {
    for (const each of document.querySelectorAll("img[data-again]")) {
      if (Date.now() % (Number(each.dataset.again) * 1000) < 1000) each.src = `${each.src.split("?")[0]}?${Date.now()}`;
    }
  };

  const span = (seconds) => {
    for (const [unit, length] of [["d", 86400], ["h", 3600], ["min", 60]]) {
      if (seconds >= length) return `${Math.floor(seconds / length)} ${unit}`;
    }
    return `${Math.max(0, Math.floor(seconds))} s`;
  };

  const tick = () => {
    if (source && received && Date.now() - received > SILENCE_MS) lost();
    const now = Date.now() / 1000 + ahead;
    if (document.documentElement.dataset.link === "live") pictures();
    for (const element of document.querySelectorAll("[data-ago]")) {
      const text = `${span(now - Number(element.dataset.ago))} ago`;
      if (element.textContent !== text) element.textContent = text;
    }
  };

  // Shows only the readings that contain every word of the filter.
  const filtering = () => {
    const input = document.getElementById("filter");
    if (!input) return;
    const narrow = () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      for (const group of document.querySelectorAll("[data-filter-group]")) {
        let any = false;
        for (const row of group.querySelectorAll("[data-filter]")) {
          row.hidden = !words.every((word) => row.dataset.filter.includes(word));
          any = any || !row.hidden;
        }
        group.hidden = !any;
      }
    };
    input.value = new URLSearchParams(location.search).get("filter") || input.value;
    input.addEventListener("input", narrow);
    narrow();
  };

  const themes = () => {
    const apply = (theme) => {
      if (theme) document.documentElement.dataset.theme = theme;
      else delete document.documentElement.dataset.theme;
    };
    apply(localStorage.getItem("theme"));
    document.getElementById("theme").addEventListener("click", () => {
      const dark = matchMedia("(prefers-color-scheme: dark)").matches;
      const now = document.documentElement.dataset.theme || (dark ? "dark" : "light");
      const next = now === "dark" ? "light" : "dark";
      localStorage.setItem("theme", next);
      apply(next);
    });
  };

  const kiosk = () => {
    const html = document.documentElement;
    const set = (on) => html.toggleAttribute("data-kiosk", on);
    if (localStorage.getItem("kiosk") === "yes") set(true);
    document.getElementById("kiosk").addEventListener("click", () => {
      set(!html.hasAttribute("data-kiosk"));
      localStorage.setItem("kiosk", html.hasAttribute("data-kiosk") ? "yes" : "no");
    });
  };

  // Shows the label of a square as its tooltip.
  const pointing = (event) => {
    const square = event.target.closest(".squares a");
    if (square) square.title = square.getAttribute("aria-label");
  };

  themes();
  kiosk();
  uploads();
  collect();
  filtering();
  open();
  setInterval(tick, 1000);
  tick();
  document.addEventListener("pointerover", pointing);
  document.addEventListener("visibilitychange", () => {
    received = 0;
    say("wait", document.hidden ? "paused" : "connecting");
    open();
  });
  addEventListener("pagehide", shut);
  addEventListener("pageshow", (event) => { if (event.persisted) open(); });
})();
