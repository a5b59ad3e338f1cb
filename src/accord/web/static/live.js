// The bell: what is new, told by the server as it happens. Only the tab one looks at listens; a server that cannot take one more
// is asked every half minute instead.

const ASK_AGAIN_MS = 30_000;
const ADDRESS = "/notifications/live";
let source = null;
let asking = 0;
let known = null; // the last state; a page that is drawn anew shows it at once

function paint() {
  const bell = document.querySelector("[data-bell]");
  if (!bell || !known) return;
  const badge = bell.querySelector(".badge");
  badge.textContent = known.new > 99 ? "99+" : String(known.new);
  badge.hidden = known.new === 0;
  bell.setAttribute("aria-label", known.new ? `Notifications, ${known.new} new` : "Notifications");
}

function heard(state) {
  const isMore = known && state.new > known.new;
  known = state;
  paint();
  // Said once, and only what came while one is here.
  const line = document.querySelector("[data-told]");
  if (line && isMore && state.latest.length) line.textContent = state.latest[0].sentence;
  document.dispatchEvent(new CustomEvent("accord:told", { detail: state }));
}

async function ask() {
  try {
    const answer = await fetch(ADDRESS, { headers: { Accept: "application/json" } });
    if (answer.ok) heard(await answer.json());
  } catch { /* the server is away; it is asked again */ }
}

function open() {
  if (source || document.hidden || !document.querySelector("[data-bell]")) return;
  source = new EventSource(ADDRESS);
  source.addEventListener("message", (event) => heard(JSON.parse(event.data)));
  source.addEventListener("error", () => {
    // A connection that broke comes back by itself; one that was refused does not.
    if (source?.readyState === EventSource.CLOSED) { shut(); asking = setTimeout(() => ask().then(open), ASK_AGAIN_MS); }
  });
}

function shut() {
  clearTimeout(asking);
  source?.close();
  source = null;
}

export function listen() {
  document.addEventListener("visibilitychange", () => (document.hidden ? shut() : open()));
  addEventListener("pagehide", shut);
  addEventListener("pageshow", open);
}

export function live() {
  paint();
  open();
}
