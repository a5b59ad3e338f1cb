// Single keys for those who type; they can be switched off or given to other keys, and do nothing while one types.

const KEPT = "accord.single-keys";
const OWN = "accord.keys"; // { the key as it comes: the key somebody chose instead }
const NOT_TO_BE_HAD = /^(Tab|Enter|Escape|Shift|Control|Alt|Meta|Dead|Process|Unidentified| |[1-9]|Arrow\w+|F\d+)$/;
let first = ""; // the first key of two, "g", until the next one or a second later
let waits = 0;
let changing = null; // the button whose key is being chosen

export const typing = (target) =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) && !/^(radio|checkbox)$/.test(target.type));

export const isOff = () => localStorage.getItem(KEPT) === "off";

function own() {
  try { return JSON.parse(localStorage.getItem(OWN) ?? "{}") ?? {}; } catch { return {}; }
}

// Which key was meant, as it comes with the program: "c" where somebody types what he chose for it; "" where it means nothing any more.
export function meant(typed) {
  const chosen = own();
  const found = Object.keys(chosen).find((one) => chosen[one] === typed);
  return found ?? (typed in chosen ? "" : typed);
}

const shown = (key) => own()[key] ?? key;

export function keys() {
  for (const one of document.querySelectorAll("kbd[data-keys]")) one.textContent = shown(one.dataset.keys);
  for (const one of document.querySelectorAll("[data-key] > kbd")) one.textContent = shown(one.closest("[data-key]").dataset.key);
  for (const one of document.querySelectorAll("[data-single-keys]")) one.checked = !isOff();
}

export function listen() {
  document.addEventListener("keydown", choosing, true);
  document.addEventListener("keydown", pressed);
  document.addEventListener("change", (event) => {
    if (event.target.matches?.("[data-single-keys]")) localStorage.setItem(KEPT, event.target.checked ? "on" : "off");
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-remaps]");
    if (button) { stop(); changing = button; button.textContent = "Press a key"; say(""); }
    if (event.target.closest?.("[data-remaps-none]")) { localStorage.removeItem(OWN); stop(); keys(); say("All keys are as they were."); }
  });
  document.addEventListener("close", stop, true);
}

function say(words) {
  const line = document.querySelector("[data-remap-says]");
  if (line) line.textContent = words;
}

function stop() {
  if (changing) changing.textContent = "Change";
  changing = null;
}

// The next key pressed is the one chosen; Esc leaves all as it was, and the window open.
function choosing(event) {
  if (!changing) return;
  event.preventDefault();
  event.stopPropagation();
  if (event.key === "Escape") { stop(); say("Nothing was changed."); return; }
  if (NOT_TO_BE_HAD.test(event.key) || event.ctrlKey || event.metaKey || event.altKey) return;
  const key = changing.dataset.remaps;
  const all = [...document.querySelectorAll("[data-remaps]")].map((one) => one.dataset.remaps);
  const taken = all.find((one) => one !== key && (shown(one) === event.key || shown(one).startsWith(`${event.key} `)));
  if (taken !== undefined) { say(`${event.key} is taken. Press another key, or Esc.`); return; }
  const chosen = own();
  if (event.key === key) delete chosen[key]; else chosen[key] = event.key;
  localStorage.setItem(OWN, JSON.stringify(chosen));
  stop();
  keys();
  say(`It is ${event.key} now.`);
}

function pressed(event) {
  if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === "k") {
    const menu = document.getElementById("menu");
    if (menu && !menu.open) menu.showModal();
    event.preventDefault();
    return;
  }
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (typing(event.target)) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (isOff()) return;
  const typed = first ? `${first} ${event.key}` : event.key;
  clearTimeout(waits);
  first = "";
  if (act(meant(typed))) { event.preventDefault(); return; }
  if (event.key === "g") { first = "g"; waits = setTimeout(() => { first = ""; }, 1000); }
}

function act(key) {
  if (!key) return false;
  const place = [...document.querySelectorAll("#menu-list kbd[data-keys]")].find((one) => one.dataset.keys === key)?.closest("a");
  if (key === "a") { const line = document.getElementById("q"); if (line) { line.focus(); line.select(); return true; } }
  if (key === "?") { document.getElementById("keys")?.showModal(); return true; }
  if (place) { place.click(); return true; }
  if (key === "j" || key === "k") return move(key === "j" ? 1 : -1);
  if (/^[a-z]$/.test(key)) return press(key);
  if (/^[1-9]$/.test(key)) return choose(key);
  return false;
}

function press(key) {
  // Of several with one key the one that can be seen: what cannot be done now is not shown.
  const target = [...document.querySelectorAll(`[data-key="${key}"]`)].find((one) => one.checkVisibility());
  target?.click();
  return Boolean(target);
}

function choose(number) {
  const radio = document.querySelector(`input[data-number="${number}"]`);
  if (radio) { radio.checked = true; radio.focus(); }
  return Boolean(radio);
}

function move(by) {
  const rows = [...document.querySelectorAll("[data-row]")];
  if (!rows.length) return false;
  const now = rows.indexOf(document.activeElement);
  rows[Math.min(rows.length - 1, Math.max(0, now < 0 ? (by > 0 ? 0 : rows.length - 1) : now + by))].focus();
  return true;
}
