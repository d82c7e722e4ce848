/** What every page does beyond HTML. Each part works on its own, and without any of them the page still does. */

import { alone, shortcuts } from "./keys.js";

const byId = (id) => document.getElementById(id);

/* ---- Saying what happened ------------------------------------------------------------------------------------- */

/** Show `text` for a while; errors stay until they are closed. The regions are live: it is spoken once. */
export function toast(text, level = "success") {
  const region = byId(level === "error" ? "alerts" : "toasts");
  if (!region || !text) return;
  const box = document.createElement("div");
  box.className = `toast ${level}`;
  const words = document.createElement("span");
  words.textContent = text;
  const close = document.createElement("button");
  close.type = "button";
  close.textContent = "✕";
  close.setAttribute("aria-label", "Close this message");
  close.addEventListener("click", () => box.remove());
  box.append(words, close);
  region.append(box);
  if (level !== "error") setTimeout(() => box.matches(":hover, :focus-within") || box.remove(), 8000);
}

/** From a response's header: `HX-Trigger: {"toast": {"text": "…", "level": "success"}}`. */
document.addEventListener("toast", (event) => toast(event.detail.text ?? event.detail.value, event.detail.level));

/* ---- Answers that are no fragment ------------------------------------------------------------------------------- */

const REFUSALS = {
  400: "That could not be read. Reload the page and try again.",
  403: "You may not do that, or this page was open for too long. Reload it and try again.",
  404: "That is no longer here. Reload the page.",
  413: "That is too large.",
  429: "Too many tries. Wait a minute.",
};

function signInInstead(xhr) {
  const signIn = document.body.dataset.signIn;
  if (!signIn || !xhr.responseURL || new URL(xhr.responseURL).pathname !== signIn) return false;
  location.assign(`${signIn}?next=${encodeURIComponent(location.pathname + location.search)}`);
  return true;
}

document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr } = event.detail;
  if (signInInstead(xhr)) {
    event.detail.shouldSwap = false;
  } else if (xhr.status >= 400 && event.detail.shouldSwap && /^\s*<!doctype/i.test(xhr.responseText)) {
    // A whole error page is not put into a cell.
    event.detail.shouldSwap = false;
    toast(REFUSALS[xhr.status] ?? "That did not work.", "error");
  }
});
document.addEventListener("htmx:responseError", (event) => {
  toast(REFUSALS[event.detail.xhr.status] ?? "Something broke on our side, and nothing was changed. Try again.", "error");
});
for (const name of ["htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(name, () => toast("No answer from the server. Check your connection and try again.", "error"));
}

/* ---- Focus: a swap never loses it --------------------------------------------------------------------------------- */

let before = [];

document.addEventListener("htmx:beforeRequest", () => {
  before = [];
  for (let at = document.activeElement; at && at !== document.body; at = at.parentElement) if (at.id) before.push(at.id);
});

document.addEventListener("htmx:afterSettle", (event) => {
  openDialogs(event.detail.elt);
  const summary = event.detail.elt.querySelector?.(".error-summary");
  if (summary) return focusOn(summary);
  if (document.activeElement && document.activeElement !== document.body) return;
  const kept = before.map(byId).find((element) => element && element.checkVisibility());
  if (kept) focusOn(kept);
  else if (before.length) focusOn(event.detail.elt.isConnected ? event.detail.elt : byId("main"));
});

function focusOn(element) {
  const control = element.matches("a[href], button, input, select, textarea, summary, [tabindex]")
    ? element
    : element.querySelector("[data-focus], summary, a[href], button, input:not([type=hidden]), select, textarea");
  const target = control ?? element;
  if (!control) target.tabIndex = -1;
  target.focus({ preventScroll: !element.matches(".error-summary") });
}

/* ---- Menus, dialogs, keys ---------------------------------------------------------------------------------------- */

function closeMenus(except) {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (menu !== except) menu.open = false;
}

function openDialogs(root) {
  for (const dialog of root.querySelectorAll?.("dialog[data-open]:not([open])") ?? []) dialog.showModal();
}

document.addEventListener("click", (event) => {
  closeMenus(event.target.closest("details.menu"));
  const opener = event.target.closest("[data-opens]");
  if (opener && byId(opener.dataset.opens)?.showModal) {
    event.preventDefault();
    byId(opener.dataset.opens).showModal();
  }
  if (event.target.closest("[data-closes]")) {
    const dialog = event.target.closest("dialog");
    if (dialog) {
      event.preventDefault();
      dialog.close();
    }
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    const menu = document.activeElement?.closest("details.menu[open]") ?? document.querySelector("details.menu[open]");
    if (menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  }
  if (event.key === "/" && alone(event) && shortcuts.on()) {
    const filter = document.querySelector("[data-filter], input[type=search]");
    if (filter) {
      event.preventDefault();
      filter.focus();
      filter.select?.();
    }
  }
});

/* ---- Single-letter keys have an off switch (WCAG 2.1.4) ------------------------------------------------------------- */

function setUpShortcutSwitch() {
  const button = document.querySelector("[data-shortcuts]");
  if (!button) return;
  const show = () => (button.textContent = shortcuts.on() ? "Turn the / key off" : "Turn the / key on");
  button.addEventListener("click", () => {
    if (!shortcuts.flip()) return toast("This browser keeps no settings.", "error");
    show();
  });
  show();
  button.hidden = false;
}

/* ---- Start ------------------------------------------------------------------------------------------------------- */

setUpShortcutSwitch();
openDialogs(document);
// What a server-made strip says is spoken too: a live region speaks only what changes after the page is there.
for (const strip of document.querySelectorAll(".flash")) {
  strip.setAttribute("role", "status");
  setTimeout(() => strip.replaceChildren(...strip.childNodes), 150);
}
