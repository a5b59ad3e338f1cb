// Single keys for those who type; they can be switched off, and do nothing while one types.

const KEPT = "accord.single-keys";
let first = ""; // the first key of two, "g", until the next one or a second later
let waits = 0;

export const typing = (target) =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) && !/^(radio|checkbox)$/.test(target.type));

export const isOff = () => localStorage.getItem(KEPT) === "off";

export function listen() {
  document.addEventListener("keydown", pressed);
  document.addEventListener("change", (event) => {
    if (event.target.matches?.("[data-single-keys]")) localStorage.setItem(KEPT, event.target.checked ? "on" : "off");
  });
  document.addEventListener("toggle", (event) => {
    const box = event.target.querySelector?.("[data-single-keys]");
    if (box) box.checked = !isOff();
  }, true);
}

function pressed(event) {
  if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === "k") {
    document.getElementById("menu")?.showModal();
    event.preventDefault();
    return;
  }
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (typing(event.target)) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (isOff()) return;
  const keys = first ? `${first} ${event.key}` : event.key;
  clearTimeout(waits);
  first = "";
  if (act(keys)) { event.preventDefault(); return; }
  if (event.key === "g") { first = "g"; waits = setTimeout(() => { first = ""; }, 1000); }
}

function act(keys) {
  const place = [...document.querySelectorAll("#menu-list [data-words] kbd")].find((one) => one.textContent === keys);
  if (keys === "a") { const line = document.getElementById("q"); if (line) { line.focus(); line.select(); return true; } }
  if (place) { place.closest("a").click(); return true; }
  if (keys === "?") { document.getElementById("keys")?.showModal(); return true; }
  if (keys === "j" || keys === "k") return move(keys === "j" ? 1 : -1);
  if (/^[a-z]$/.test(keys)) return press(keys);
  if (/^[1-9]$/.test(keys)) return choose(keys);
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
