// The command menu: what is typed narrows the pages; a question or a search for it is always the last to choose.

export function menu() {
  const dialog = document.getElementById("menu");
  if (!dialog || dialog.dataset.ready) return;
  dialog.dataset.ready = "1";
  const line = dialog.querySelector("input");
  const rows = [...dialog.querySelectorAll("[role=option]")];
  const shown = () => rows.filter((row) => !row.hidden);

  function select(row) {
    for (const one of rows) one.setAttribute("aria-selected", String(one === row));
    line.setAttribute("aria-activedescendant", row?.id ?? "");
    row?.scrollIntoView({ block: "nearest" });
  }

  function narrow() {
    const typed = line.value.trim();
    const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of rows) {
      if (row.dataset.always) {
        row.hidden = !typed;
        row.querySelector("[data-typed]").textContent = typed;
        row.querySelector("a").href = row.dataset.always + encodeURIComponent(typed);
      } else {
        row.hidden = !words.every((word) => row.dataset.words.includes(word));
      }
    }
    select(shown()[0]);
  }

  line.addEventListener("input", narrow);
  dialog.addEventListener("toggle", () => { if (dialog.open) { line.value = ""; narrow(); line.focus(); } });
  line.addEventListener("keydown", (event) => {
    const all = shown();
    const now = all.findIndex((row) => row.getAttribute("aria-selected") === "true");
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      select(all[(now + (event.key === "ArrowDown" ? 1 : all.length - 1)) % all.length]);
      event.preventDefault();
    } else if (event.key === "Enter") {
      event.preventDefault();
      dialog.close();
      all[now]?.querySelector("a").click();
    }
  });
  dialog.addEventListener("click", (event) => { if (event.target.closest("a")) dialog.close(); });
}
