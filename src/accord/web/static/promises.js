// The list of promises: x chooses the row one stands on, Copy takes the rows along as a spreadsheet wants them.

import { isOff, meant, typing } from "./keys.js";

const box = () => document.activeElement?.closest("tr")?.querySelector('input[name="id"]');

function count() {
  const said = document.querySelector("[data-chosen]");
  if (!said) return;
  const n = document.querySelectorAll('.several input[name="id"]:checked').length;
  said.textContent = n === 1 ? "1 chosen" : `${n} chosen`;
}

function cells(row) {
  return [...row.cells].filter((cell) => !cell.matches(".choose, :first-child")).map((cell) =>
    // What stands one below the other on the screen stands in one cell of a sheet; grouping blanks are no part of a number.
    cell.innerText.replace(/(\d)\u202f(?=\d)/g, "$1").replace(/\s+/g, " ").trim().replace(/^[=+\-@]/, "'$&"),
  );
}

async function copy(button) {
  const table = document.getElementById(button.dataset.copies);
  const chosen = [...table.tBodies[0].rows].filter((row) => row.querySelector(":checked"));
  const rows = [table.tHead.rows[0], ...(chosen.length ? chosen : table.tBodies[0].rows)];
  await navigator.clipboard.writeText(rows.map((row) => cells(row).join("\t")).join("\n"));
  const word = button.querySelector("span");
  word.textContent = `Copied ${rows.length - 1}`;
  setTimeout(() => { word.textContent = "Copy"; }, 2000);
}

export function promises() {
  // Without a clipboard, or with nothing to copy, the button keeps its place and does nothing.
  for (const button of document.querySelectorAll("[data-copies]")) button.disabled = !navigator.clipboard || !document.getElementById(button.dataset.copies);
  count();
}

export function listenToPromises() {
  document.addEventListener("change", (event) => { if (event.target.matches?.('.several input[name="id"]')) count(); });
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-copies]");
    if (button) copy(button);
  });
  document.addEventListener("keydown", (event) => {
    if (meant(event.key) !== "x" || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isOff() || typing(event.target)) return;
    const one = box();
    if (one) { one.click(); event.preventDefault(); }
  });
}
