// Light, dark, or as the system has it: kept in a cookie, so that the server draws the first frame right.

const NEXT = { "": "light", light: "dark", dark: "" };

export function theme() {
  const button = document.querySelector("[data-theme-next]");
  if (!button || button.dataset.ready) return;
  button.dataset.ready = "1";
  button.addEventListener("click", () => {
    const root = document.documentElement;
    const chosen = NEXT[root.dataset.theme ?? ""];
    if (chosen) root.dataset.theme = chosen; else delete root.dataset.theme;
    document.cookie = `theme=${chosen}; path=/; max-age=${chosen ? 31536000 : 0}; samesite=lax`;
    button.setAttribute("aria-label", `Now ${chosen || "as the system has it"}; press for the next`);
  });
}
