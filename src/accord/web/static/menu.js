// The command menu: go, find and do. What is typed narrows the places and actions here and finds customers, items and promises on
// the server; a question or a search for it can always be chosen. Empty, it shows what one looked at last.

const RECENT = "accord.recent";
const RECENT_MAX = 5;
const WAIT_MS = 80; // after the last letter, before the server is asked

const kept = () => `${RECENT}.${document.documentElement.dataset.world ?? "live"}`;

function recents() {
  try { return JSON.parse(localStorage.getItem(kept()) ?? "[]"); } catch { return []; }
}

// Remember what one looks at: one promise, one item, one approval.
function remember() {
  const found = /^\/(promises\/prm_|approvals\/apr_|supply\/.)/.test(location.pathname);
  const heading = document.querySelector("h1")?.innerText.replace(/\s+/g, " ").trim();
  if (!found || !heading) return;
  const href = location.pathname + (location.pathname.startsWith("/supply/") ? location.search : "");
  const rest = recents().filter((one) => one.href !== href);
  try { localStorage.setItem(kept(), JSON.stringify([{ href, word: heading.slice(0, 80) }, ...rest].slice(0, RECENT_MAX))); } catch { /* no room, no memory */ }
}

export function menu() {
  remember();
  const dialog = document.getElementById("menu");
  if (!dialog || dialog.dataset.ready) return;
  dialog.dataset.ready = "1";
  const line = dialog.querySelector("input");
  const list = dialog.querySelector("[role=listbox]");
  const found = list.querySelector("[data-found]");
  const recent = list.querySelector("[data-recents]");
  const page = list.querySelector("[data-page]");
  const options = () => [...list.querySelectorAll("[role=option]")].filter((one) => !one.hidden && !one.closest("[hidden]"));
  let waits = 0;
  let asked = null;
  let moved = false; // somebody has chosen a row by the arrows: what comes later does not take it away

  function select(option) {
    for (const one of list.querySelectorAll('[aria-selected="true"]')) one.setAttribute("aria-selected", "false");
    option?.setAttribute("aria-selected", "true");
    if (option) line.setAttribute("aria-activedescendant", option.id); else line.removeAttribute("aria-activedescendant");
    option?.scrollIntoView({ block: "nearest" });
  }

  // An option made here; its words are text, whatever they are.
  function option(id, sign, word, set) {
    const made = document.createElement("a");
    made.id = id;
    made.setAttribute("role", "option");
    made.tabIndex = -1;
    made.href = "#";
    made.append(dialog.querySelector(`template[data-sign="${sign}"]`).content.cloneNode(true));
    const words = document.createElement("span");
    words.className = "menu-word";
    words.textContent = word;
    made.append(words);
    set(made);
    return made;
  }

  // What the page below can do, by its own buttons.
  function actions() {
    for (const one of page.querySelectorAll("[role=option]")) one.remove();
    const buttons = [...document.querySelectorAll("main [data-key], main [data-action]")].filter((one) => one.checkVisibility() && !one.disabled);
    buttons.forEach((button, place) => {
      const word = [...button.childNodes].filter((one) => one.nodeName !== "KBD").map((one) => one.textContent).join(" ").replace(/\s+/g, " ").trim();
      const made = option(`menu-page-${place}`, "do", word, (it) => {
        it.dataset.words = word.toLowerCase();
        const key = button.querySelector("kbd");
        if (key) it.append(key.cloneNode(true));
        it.presses = button;
      });
      page.append(made);
    });
  }

  function narrow() {
    const typed = line.value.trim();
    const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
    for (const one of list.querySelectorAll("[data-words]")) one.hidden = !words.every((word) => one.dataset.words.includes(word));
    for (const one of list.querySelectorAll("[data-always]")) {
      one.querySelector("[data-typed]").textContent = typed;
      one.href = one.dataset.always + encodeURIComponent(typed);
    }
    list.querySelector("[data-asks]").hidden = !typed;
    recent.hidden = Boolean(typed) || !recent.querySelector("[role=option]");
    settle();
  }

  // Groups without a row are not shown; the first row is chosen, and how many there are is said.
  function settle() {
    for (const group of list.querySelectorAll("[role=group]:not([data-recents]):not([data-asks])")) {
      group.hidden = ![...group.querySelectorAll("[role=option]")].some((one) => !one.hidden);
    }
    const all = options();
    list.querySelector("[data-none]").hidden = all.length > 0;
    const chosen = moved && all.find((one) => one.getAttribute("aria-selected") === "true");
    select(chosen || all[0]);
    dialog.querySelector("[data-count]").textContent = line.value.trim() ? `${all.length} found` : "";
  }

  function ask() {
    clearTimeout(waits);
    asked?.abort();
    const typed = line.value.trim();
    if (typed.length < 2 || !list.dataset.finds) { found.replaceChildren(); settle(); return; }
    waits = setTimeout(async () => {
      asked = new AbortController();
      try {
        const answer = await fetch(`${list.dataset.finds}?q=${encodeURIComponent(typed)}`, { signal: asked.signal, headers: { Accept: "text/html" } });
        if (!answer.ok || line.value.trim() !== typed) return;
        const drawn = new DOMParser().parseFromString(await answer.text(), "text/html");
        found.replaceChildren(...drawn.body.children);
        settle();
      } catch { /* typed on, or the server is away: what is here can still be chosen */ }
    }, WAIT_MS);
  }

  function choose(one) {
    if (!one) return;
    const target = one.presses ?? (one.dataset.presses && document.querySelector(one.dataset.presses));
    dialog.close();
    if (target) target.click(); else one.click();
  }

  line.addEventListener("input", () => { moved = false; narrow(); ask(); });
  dialog.addEventListener("toggle", () => {
    if (!dialog.open) return;
    line.value = "";
    moved = false;
    found.replaceChildren();
    for (const one of recent.querySelectorAll("[role=option]")) one.remove();
    recents().filter((one) => one.href !== location.pathname + location.search).forEach((one, place) => {
      recent.append(option(`menu-recent-${place}`, "recent", one.word, (it) => { it.href = one.href; }));
    });
    // What was put in after the page was drawn is known to nobody yet.
    window.htmx?.process(recent);
    actions();
    narrow();
    line.focus();
  });
  line.addEventListener("keydown", (event) => {
    const all = options();
    const now = all.findIndex((one) => one.getAttribute("aria-selected") === "true");
    const step = { ArrowDown: now + 1, ArrowUp: now - 1 + all.length, Home: line.value ? null : 0, End: line.value ? null : all.length - 1 }[event.key];
    if (step !== undefined && step !== null && all.length) { moved = true; select(all[step % all.length]); event.preventDefault(); }
    if (event.key === "Enter") { event.preventDefault(); choose(all[now]); }
  });
  list.addEventListener("click", (event) => {
    const one = event.target.closest("[role=option]");
    if (!one) return;
    if (one.presses || one.dataset.presses) { event.preventDefault(); choose(one); } else if (dialog.open) dialog.close();
  });
}
