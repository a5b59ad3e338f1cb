// The menu under one's name opens and closes without a script; here it also closes with Esc, and by going elsewhere. The
// switch of single keys on the account page shows how it stands.

const opened = () => document.querySelector(".me[open]");

export function listenToMe() {
  document.addEventListener("click", (event) => {
    const menu = opened();
    if (menu && !menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("focusin", (event) => {
    const menu = opened();
    if (menu && !menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    const menu = opened();
    if (event.key !== "Escape" || !menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
    event.preventDefault();
  });
}

export function me() {
  for (const box of document.querySelectorAll("main [data-single-keys]")) box.checked = localStorage.getItem("accord.single-keys") !== "off";
}
