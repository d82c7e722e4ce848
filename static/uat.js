/** One case of a test: keys (p f b n) with an off switch (WCAG 2.1.4), and a reason asked for before Fail and Blocked are sent.
 *  Without any of it the form does the same. */

import { alone, controlOf, switchCalled } from "./keys.js";

const keys = switchCalled("gatehouse.uat-keys-off");
const form = document.querySelector("form[data-result]");

function setUpKeys() {
  const line = form.querySelector(".keys");
  const button = line.querySelector("[data-keys]");
  const show = () => {
    button.textContent = keys.on() ? "Turn the keys off" : "Turn the keys on";
    for (const control of form.querySelectorAll("[data-key]")) {
      if (keys.on()) control.setAttribute("aria-keyshortcuts", control.dataset.key);
      else control.removeAttribute("aria-keyshortcuts");
    }
  };
  button.addEventListener("click", () => {
    if (keys.flip()) show();
  });
  show();
  line.hidden = false;
  document.addEventListener("keydown", (event) => {
    if (event.repeat || !keys.on() || !alone(event, "input, details.menu")) return;
    const control = controlOf(event, form);
    if (!control) return;
    event.preventDefault();
    control.click();
  });
}

/** Fail and Blocked need words: the first press without any leads to the field, the second is the server's to answer. */
function askForWords() {
  const note = form.querySelector("textarea[name=note]");
  let asked = false;
  for (const button of form.querySelectorAll("[data-asks]")) {
    button.addEventListener("click", (event) => {
      if (asked || note.value.trim()) return;
      asked = true;
      event.preventDefault();
      note.focus();
      document.getElementById("spoken").textContent = `Say what happened, then press ${button.textContent.trim()} again.`;
    });
  }
}

/** A second tap while the first is on its way would be refused as somebody else's. */
function sendOnce() {
  let sent = false;
  form.addEventListener("submit", (event) => {
    if (sent) event.preventDefault();
    sent = true;
  });
  window.addEventListener("pageshow", () => (sent = false));
}

if (form) {
  setUpKeys();
  askForWords();
  sendOnce();
}
