// Keeps a page true: takes what changes from the agent, says at once when nothing comes any more.
// Everything that is shown is set as text or as an attribute, never as markup.
"use strict";
(() => {
  const SILENCE_MS = 4000; // four periods without a word: the agent is gone
  const RETRY_MS = 1500;
  const body = document.body;
  const root = body.dataset.root;
  const link = document.getElementById("link");
  const word = link.querySelector("[role]");
  const when = link.querySelector("time");
  let source = null;
  let retry = 0;
  let heard = 0;
  let ahead = 0; // the agent's clock minus ours, in seconds
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
          if (name === "text" && cell["data-ago"]) continue; // the clock below says it
          if (name === "text") {
            if (element.textContent !== value) element.textContent = value;
          } else element.setAttribute(name, value);
        }
      }
    }
  };

  // The word is read out where it changes; the time beside it, every second, is not.
  const say = (state, text, time = "") => {
    if (when.textContent !== time) when.textContent = time;
    if (link.dataset.link === state && word.textContent === text) return;
    link.dataset.link = state;
    word.textContent = text;
    document.documentElement.dataset.link = state;
  };

  const clock = (unix) => new Date(unix * 1000).toLocaleTimeString();

  const lost = () => {
    const since = heard ? ` since ${clock(heard / 1000)}` : "";
    say("lost", `no word from the agent${since}`);
  };

  const shut = () => {
    clearTimeout(retry);
    if (source) source.close();
    source = null;
  };

  const open = () => {
    shut();
    // A browser has six connections to us for all its tabs, so one that nobody sees keeps none.
    if (!body.dataset.shape || document.hidden) return;
    const { page, shape, moment } = body.dataset;
    const address = `${root}live?${new URLSearchParams({ page, shape, moment })}`;
    source = new EventSource(address);
    source.onmessage = (event) => {
      const told = JSON.parse(event.data);
      heard = Date.now();
      ahead = told.at - heard / 1000;
      apply(told.cells);
      body.dataset.moment = told.moment;
      say("live", "live", clock(told.at));
    };
    source.addEventListener("shape", renew);
    source.onerror = () => {
      const refused = source.readyState === EventSource.CLOSED;
      shut(); // a refused stream is not tried again by the browser, so we do
      if (refused) explain(address);
      else lost();
      retry = setTimeout(open, RETRY_MS);
    };
  };

  // A stream does not say why it was refused; the same address does.
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

  // The page has other parts now: take the new ones, keep what is open, in focus and scrolled to.
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

  // What an element is called on the page before and after; what it shows may be another value.
  const name = (element) => {
    const row = element.closest("[data-filter]");
    if (row) return `${element.tagName} ${row.dataset.filter}`;
    return element.id || element.dataset.live || element.getAttribute("href") || element.textContent.trim().slice(0, 80);
  };

  const field = (element) => `${element.form.id} ${element.name}`;

  // A file is sent by itself, without a form around it, so that it need not fit in memory.
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
    if (source && heard && Date.now() - heard > SILENCE_MS) lost();
    const now = Date.now() / 1000 + ahead;
    if (document.documentElement.dataset.link === "live") pictures();
    for (const element of document.querySelectorAll("[data-ago]")) {
      const told = `${span(now - Number(element.dataset.ago))} ago`;
      if (element.textContent !== told) element.textContent = told;
    }
  };

  // Narrows the readings to those that have every word.
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

  // What a square of the hall is called, for who points at it.
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
    heard = 0;
    say("wait", document.hidden ? "paused" : "connecting");
    open();
  });
  addEventListener("pagehide", shut);
  addEventListener("pageshow", (event) => { if (event.persisted) open(); });
})();
