// What a page does beside what it says: keys, the command menu, light and dark. Everything here can also be done without.

import { asking, listenToAsking } from "./ask.js";
import { listenToDrafts, showDrafts } from "./drafts.js";
import { imports } from "./imports.js";
import { keys, listen } from "./keys.js";
import { listen as listenLive, live } from "./live.js";
import { listenToMe, me } from "./me.js";
import { menu } from "./menu.js";
import { listenToPromises, promises } from "./promises.js";
import { begins } from "./rights.js";
import { theme } from "./theme.js";

const isApple = /Mac|iPhone|iPad/.test(navigator.userAgent);

function settle() {
  for (const one of document.querySelectorAll("[data-chord]")) one.textContent = isApple ? "⌘K" : "Ctrl K";
  keys();
  theme();
  menu();
  me();
  promises();
  live();
  imports();
  asking();
  showDrafts();
  begins();
  // After a boosted step the page begins where a page begins, and the focus with it.
  document.querySelector("[autofocus]")?.focus();
}

document.addEventListener("click", (event) => {
  const opener = event.target.closest?.("[data-opens]");
  if (opener) document.getElementById(opener.dataset.opens)?.showModal();
  // A click beside a dialog closes it.
  if (event.target instanceof HTMLDialogElement) event.target.close();
});

listen();
listenToPromises();
listenLive();
listenToMe();
listenToAsking();
listenToDrafts();
settle();
document.addEventListener("htmx:afterSettle", settle);

// A step to another page begins at its top, unless it names a place in it; what a page draws anew of itself stays where it is.
const heading = () => location.pathname + document.querySelector("h1")?.textContent;
let shown = heading();
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.target !== document.body) return;
  if (shown !== heading() && !location.hash) scrollTo(0, 0);
  shown = heading();
});
document.addEventListener("htmx:historyRestore", () => { shown = heading(); });
