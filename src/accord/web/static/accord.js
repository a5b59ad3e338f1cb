// Single keys for those who type: everything here can also be done without.

const typing = (target) =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) && target.type !== "radio");

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (typing(event.target)) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const act = {
    a: () => { const line = document.getElementById("q"); if (line) { line.focus(); line.select(); } return line; },
    c: () => press("c"),
    h: () => press("h"),
    w: () => press("w"),
  }[event.key] ?? (/^[1-9]$/.test(event.key) ? () => choose(event.key) : null);
  if (act && act()) event.preventDefault();
});

function press(key) {
  const target = document.querySelector(`[data-key="${key}"]`);
  target?.click();
  return target;
}

function choose(number) {
  const radio = document.querySelector(`input[data-number="${number}"]`);
  if (radio) { radio.checked = true; radio.focus(); }
  return radio;
}

// After a boosted step the page begins where a page begins, and the focus with it.
document.addEventListener("htmx:afterSettle", () => {
  const first = document.querySelector("[autofocus]");
  if (first) first.focus();
});
