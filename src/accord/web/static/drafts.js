// Offline: what could not be sent stays in this browser with its key, and is sent with the same key when the connection is
// back. The key makes it happen once, however often it is sent.

const KEPT = "accord.drafts";
const LIVE = 7 * 86_400_000; // ms; older ones are only shown, never sent by themselves

const who = () => document.body.dataset.who ?? "";
const drafts = () => { try { return JSON.parse(localStorage.getItem(KEPT) ?? "[]"); } catch { return []; } };
// Somebody else at the same browser neither sees nor sends them.
const mine = () => drafts().filter((one) => one.who === who());
const keep = (all) => localStorage.setItem(KEPT, JSON.stringify(all.slice(-20)));
const forget = (key) => keep(drafts().filter((one) => one.key !== key));

export function listenToDrafts() {
  document.addEventListener("htmx:sendError", unsent);
  document.addEventListener("htmx:afterRequest", (event) => {
    const key = event.detail.requestConfig?.parameters?.key;
    // Any answer at all settles it: done, refused, or changed meanwhile.
    if (key && event.detail.xhr?.status > 0 && event.detail.xhr.status < 500) forget(key);
  });
  addEventListener("online", () => { note(false); sendFirst(); });
  addEventListener("offline", () => note(true));
}

export function showDrafts() {
  if (navigator.onLine === false) note(true);
  const box = document.getElementById("drafts");
  if (!box) return;
  const all = mine();
  box.hidden = !all.length;
  box.querySelector("ul").replaceChildren(...all.map(row));
}

function note(isOffline) {
  const shown = document.getElementById("offline");
  if (shown) shown.hidden = !isOffline;
}

function unsent(event) {
  note(true);
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || !form.dataset.keeps) return;
  const fields = [...new FormData(form).entries()];
  const key = Object.fromEntries(fields).key;
  keep([...drafts().filter((one) => one.key !== key), { key, fields, who: who(), says: form.dataset.keeps, path: form.getAttribute("action"), at: Date.now() }]);
}

function row(draft) {
  const item = document.createElement("li");
  const words = document.createElement("span");
  words.textContent = `${draft.says} (${new Date(draft.at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })})`;
  const send = document.createElement("button");
  send.type = "button";
  send.textContent = "Send now";
  send.addEventListener("click", () => sendAgain(draft));
  const drop = document.createElement("button");
  drop.type = "button";
  drop.className = "quiet";
  drop.textContent = "Discard";
  drop.addEventListener("click", () => { forget(draft.key); showDrafts(); });
  item.append(words, send, drop);
  return item;
}

function sendFirst() {
  const [first] = mine().filter((one) => Date.now() - one.at < LIVE);
  if (first) sendAgain(first);
}

function sendAgain(draft) {
  const form = document.createElement("form");
  form.method = "post";
  form.action = draft.path;
  form.hidden = true;
  form.dataset.keeps = draft.says;
  for (const [name, value] of draft.fields) {
    const field = document.createElement("input");
    field.type = "hidden";
    field.name = name;
    field.value = value;
    form.append(field);
  }
  document.body.append(form);
  window.htmx?.process(form);
  form.requestSubmit();
}
