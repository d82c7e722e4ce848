/** Calendars: a button that copies an address. Without it the address is marked and copied by hand. */

for (const button of document.querySelectorAll("[data-copy]")) {
  const field = document.getElementById(button.dataset.copy);
  button.hidden = false;
  field.addEventListener("focus", () => field.select());
  button.addEventListener("click", async () => {
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Press Ctrl+C to copy"; // a page that is not served over TLS may not write to the clipboard
    }
    document.getElementById("spoken").textContent = button.textContent;
  });
}
