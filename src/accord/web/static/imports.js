// Putting files in by dropping, choosing or pasting them, with how much was sent; without it the form works by its button.

const MEGABYTE = 1024 * 1024;
let sending = null; // the request that carries files now

export function imports() {
  const form = document.querySelector("[data-drop]");
  if (form && !form.dataset.ready) { form.dataset.ready = "1"; drop(form); }
  const mapping = document.querySelector("[data-mapping]");
  if (mapping && !mapping.dataset.ready) { mapping.dataset.ready = "1"; map(mapping); }
}

function drop(form) {
  const files = form.querySelector("input[type=file]");
  files.addEventListener("change", () => { if (files.files.length) form.requestSubmit(); });
  for (const name of ["dragenter", "dragover"]) form.addEventListener(name, (event) => { event.preventDefault(); form.classList.add("is-over"); });
  for (const name of ["dragleave", "drop"]) form.addEventListener(name, () => form.classList.remove("is-over"));
  form.addEventListener("drop", (event) => {
    event.preventDefault();
    if (event.dataTransfer.files.length) { files.files = event.dataTransfer.files; form.requestSubmit(); }
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const size = [...files.files].reduce((sum, file) => sum + file.size, 0);
    if (size > Number(form.dataset.max)) return say(form, `These files have ${Math.ceil(size / MEGABYTE)} MiB; ${Number(form.dataset.max) / MEGABYTE} MiB is the most. Put in fewer, or pack them with gzip.`, true);
    if (!size && !form.elements.pasted.value.trim()) return say(form, "Choose a file, drop one here, or paste a table.", true);
    send(form);
  });
  form.querySelector("[data-drop-stop]").addEventListener("click", () => sending?.abort());
}

function send(form) {
  const bar = form.querySelector("progress");
  const began = Date.now();
  sending = new XMLHttpRequest();
  sending.open("POST", form.action);
  sending.setRequestHeader("Accept", "text/html");
  sending.upload.addEventListener("progress", (event) => {
    const part = event.lengthComputable ? Math.round((100 * event.loaded) / event.total) : 0;
    bar.value = part;
    const left = part ? Math.ceil(((Date.now() - began) / 1000) * ((100 - part) / part)) : 0;
    say(form, part < 100 ? `Sending: ${part} %${left > 2 ? `, ${left} s left` : ""}` : "Sent. Looking at it …");
  });
  sending.addEventListener("load", () => {
    // After what was put in the address is that of the import; a page that says what is wrong is shown as it came.
    if (sending.status < 400) { window.location.href = sending.responseURL; return; }
    const page = new DOMParser().parseFromString(sending.responseText, "text/html");
    say(form, page.querySelector("main [role=alert] li")?.textContent.trim() || "It could not be put in. Try again.", true);
  });
  sending.addEventListener("error", () => say(form, "The server could not be reached. Your files are still chosen: try again.", true));
  sending.addEventListener("abort", () => say(form, "Stopped. Nothing was put in.", true));
  sending.send(new FormData(form));
  say(form, "Sending");
}

function say(form, words, isOver = false) {
  const box = form.querySelector(".drop-progress");
  box.hidden = false;
  box.classList.toggle("is-over", isOver);
  box.querySelector("progress").hidden = isOver;
  box.querySelector("[data-drop-stop]").hidden = isOver;
  const said = box.querySelector("[data-drop-says]");
  if (said.textContent !== words) said.textContent = words;
}

// Whoever chooses what a table is sees its columns at once.
function map(form) {
  form.addEventListener("change", (event) => {
    if (event.target.name?.startsWith("target:")) form.querySelector("[value=look]").click();
  });
}

document.addEventListener("paste", (event) => {
  const form = document.querySelector("[data-drop]");
  if (!form || /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName) && event.target.type !== "file") return;
  const files = event.clipboardData.files;
  const text = event.clipboardData.getData("text/plain");
  if (files.length) form.querySelector("input[type=file]").files = files;
  else if (text.includes("\n")) form.elements.pasted.value = text;
  else return;
  event.preventDefault();
  form.requestSubmit();
});
