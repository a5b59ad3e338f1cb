// Asking: the line as it is understood while one types, patience while it is checked, one announcement an answer. Without
// scripts the same page does all of it with one round more.

const WAIT = 80; // ms without a key before the line is read
const PATIENCE = 300; // ms before anything says that it takes a while
const LONG = 10_000; // ms after which one may want to stop

let waits = 0;
let reading = null;
let checks = 0;

export function listenToAsking() {
  document.addEventListener("input", (event) => { if (event.target.matches?.("[data-parses]")) soon(event.target); });
  document.addEventListener("paste", pasted);
  document.addEventListener("click", clicked);
  document.addEventListener("keydown", moved);
  document.addEventListener("htmx:beforeRequest", (event) => { if (event.target.matches?.("[data-inquires]")) checking(event.target); });
  document.addEventListener("htmx:afterRequest", checked);
}

export function asking() {
  const answer = document.querySelector("[data-announces]");
  if (answer && !answer.dataset.announced) {
    answer.dataset.announced = "1";
    announce(answer.dataset.announces);
    // The focus goes where the next key works: the way that is chosen. The verdict above it stays in view.
    (answer.querySelector('input[name="option"]:checked') ?? document.getElementById("verdict"))?.focus({ preventScroll: true });
  }
  const line = document.querySelector("[data-parses][autofocus]");
  line?.setSelectionRange(line.value.length, line.value.length);
}

// --- while one types: what is read last wins, what is overtaken is given up ---

function soon(line) {
  clearTimeout(waits);
  waits = setTimeout(() => read(line), WAIT);
}

async function read(line) {
  reading?.abort();
  const mine = reading = new AbortController();
  const text = line.value;
  try {
    const answer = await fetch(`/ask/chips?${new URLSearchParams({ q: text, view: line.dataset.parses })}`, { signal: mine.signal, headers: { Accept: "text/html" } });
    const chips = document.getElementById("chips");
    if (answer.ok && chips && line.value === text) chips.innerHTML = await answer.text();
  } catch {
    // Overtaken, or offline: what one types is not lost by it.
  }
}

function pasted(event) {
  const line = event.target;
  if (!line.matches?.('[data-parses="line"]')) return;
  const text = event.clipboardData?.getData("text/plain").trimEnd() ?? "";
  if (!/[\n\t]/.test(text)) return;
  event.preventDefault();
  go(`/?${new URLSearchParams({ view: "lines", q: text })}`);
}

function go(path) {
  const link = document.createElement("a");
  link.href = path;
  document.body.append(link);
  window.htmx?.process(link);
  link.click();
  link.remove();
}

function clicked(event) {
  const stops = event.target.closest?.("[data-stops]");
  if (stops) { window.htmx?.trigger(document.querySelector("[data-inquires]"), "htmx:abort"); checked(); return; }
  const tells = event.target.closest?.("[data-tells]");
  if (tells) { copy(); return; }
  const chip = event.target.closest?.("#chips [data-start]");
  const line = document.querySelector('[data-parses="line"]');
  if (!chip || !line || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  event.stopPropagation();
  const start = Number(chip.dataset.start), stop = Number(chip.dataset.stop);
  line.focus();
  if (chip.dataset.puts !== undefined) {
    line.setRangeText(chip.dataset.puts, start, stop, "end");
    const end = line.value.length;
    line.setSelectionRange(end, end);
    read(line);
  } else if (chip.classList.contains("is-missing")) {
    const gap = line.value && !/\s$/.test(line.value) ? " " : "";
    line.setRangeText(gap + (chip.dataset.adds ?? ""), line.value.length, line.value.length, "end");
  } else {
    line.setSelectionRange(start, stop);
  }
}

// From the line down to what may have been meant, along it, and back.
function moved(event) {
  const ways = [...document.querySelectorAll("#chips .ask-way")];
  const now = ways.indexOf(document.activeElement);
  if (event.key === "ArrowDown" && event.target.matches?.('[data-parses="line"]') && ways.length) {
    ways[0].focus();
  } else if (now >= 0 && (event.key === "ArrowRight" || event.key === "ArrowDown")) {
    ways[Math.min(now + 1, ways.length - 1)].focus();
  } else if (now > 0 && (event.key === "ArrowLeft" || event.key === "ArrowUp")) {
    ways[now - 1].focus();
  } else if (now === 0 && (event.key === "ArrowLeft" || event.key === "ArrowUp" || event.key === "Escape")) {
    document.getElementById("q")?.focus();
  } else {
    return;
  }
  event.preventDefault();
}

// --- while it is checked: nothing for a moment, then the shape of the answer, then a way to stop ---

function checking() {
  clearTimeout(checks);
  checks = setTimeout(() => {
    const shape = document.getElementById("checking");
    if (!shape) return;
    shape.hidden = false;
    document.getElementById("answer")?.setAttribute("hidden", "");
    checks = setTimeout(() => { const stop = shape.querySelector(".actions"); if (stop) stop.hidden = false; }, LONG - PATIENCE);
  }, PATIENCE);
}

function checked() {
  clearTimeout(checks);
  const shape = document.getElementById("checking");
  if (!shape || shape.hidden) return;
  shape.hidden = true;
  document.getElementById("answer")?.removeAttribute("hidden");
}

// --- what is said and what is copied ---

function announce(words) {
  const region = document.createElement("p");
  region.setAttribute("role", "status");
  region.className = "hidden";
  document.body.append(region);
  // A region that comes with its words is not read; one whose words come later is, once.
  setTimeout(() => { region.textContent = words; }, 60);
}

async function copy() {
  const words = document.querySelector('input[name="option"]:checked')?.dataset.say ?? document.getElementById("say")?.textContent;
  const shown = document.getElementById("say");
  if (!words || !shown) return;
  shown.textContent = words;
  try {
    await navigator.clipboard.writeText(words);
    announce("Copied for the customer.");
    shown.dataset.copied = "1";
  } catch {
    getSelection()?.selectAllChildren(shown); // where the browser does not let it be copied, it is marked to be
  }
}
