/** The project's page: after a step moved, its dialog closes and the focus goes back to the step. */

document.addEventListener("moved", (event) => {
  const dialog = document.getElementById("step-dialog");
  dialog?.close();
  const slot = document.getElementById("dialog-slot");
  // The request's own element must live until htmx has swapped the row.
  document.addEventListener(
    "htmx:afterSettle",
    () => {
      slot?.replaceChildren();
      document.getElementById(event.detail.focus)?.focus();
    },
    { once: true },
  );
});
