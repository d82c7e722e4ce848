/** A case of a run: p f b n choose its outcome. A pass needs no words and is recorded at once; the others ask for the note. */

import { alone, controlOf, shortcuts } from "./keys.js";

const form = document.querySelector("form[data-record]");
const note = form?.querySelector("[name=note]");

if (form && shortcuts.on()) for (const hint of form.querySelectorAll("[data-keyed]")) hint.hidden = false;

document.addEventListener("keydown", (event) => {
  if (!form || event.defaultPrevented || event.repeat) return;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && form.contains(event.target)) {
    event.preventDefault();
    form.requestSubmit();
    return;
  }
  if (!alone(event, "input:not([type=radio])") || !shortcuts.on()) return;
  const choice = controlOf(event, form);
  if (!choice) return;
  event.preventDefault();
  choice.checked = true;
  if (choice.value === "passed") form.requestSubmit();
  else note.focus();
});
