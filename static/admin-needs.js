/** The steps that a step needs, in the admin: a search above the list of boxes. Without it the list is scrolled. */

const list = document.querySelector("#id_needs");

if (list) {
  const label = document.createElement("label");
  const search = document.createElement("input");
  search.type = "search";
  search.id = "needs-search";
  label.htmlFor = search.id;
  label.textContent = "Search by number or title";
  label.className = "playbook-needs-search";
  const found = document.createElement("span");
  found.setAttribute("role", "status");
  label.append(" ", search, " ", found);

  const rows = [...list.querySelectorAll("label")].map((row) => ({
    row: row.closest("#id_needs > div, #id_needs > li") ?? row,
    box: row.querySelector("input"),
    text: row.textContent.toLowerCase(),
  }));
  list.prepend(label);
  search.addEventListener("input", () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let number = 0;
    for (const { row, box, text } of rows) {
      const takes = words.every((word) => text.includes(word));
      if (takes) number += 1;
      // What is ticked stays in sight: it is sent whether or not it is searched for.
      row.hidden = !takes && !box.checked;
    }
    found.textContent = words.length ? `${number} found` : "";
  });
  // Enter would send the whole form.
  search.addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault();
  });
}
