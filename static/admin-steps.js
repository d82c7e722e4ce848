/** The table of a draft's steps in the admin: rows are dragged into another order, and ticked all at once or by a range. The page does
 *  without: a button moves a step by one place, and each row has its own box. */

const orderForm = document.querySelector("#order-form");
const stepsForm = document.querySelector("#steps-form");
const body = stepsForm?.querySelector("tbody");

/** Drag a row by its number. The order is sent when it is let go; the server refuses it where somebody moved steps meanwhile. */
function letRowsBeDragged() {
  let dragged = null;
  stepsForm.querySelector(".playbook-drag-words").hidden = false;
  for (const row of body.rows) {
    row.cells[1].draggable = true;
    row.cells[1].classList.add("playbook-handle");
  }
  const order = () => [...body.rows].map((row) => row.id.replace("step-", "")).join(" ");
  const before = order();
  const rows = [...body.rows];
  const putBack = () => body.append(...rows);

  body.addEventListener("dragstart", (event) => {
    dragged = event.target.closest?.("tr");
    if (!dragged || !event.target.classList?.contains("playbook-handle")) return;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", dragged.id);
    event.dataTransfer.setDragImage(dragged, 0, 0);
    dragged.classList.add("playbook-dragged");
  });
  body.addEventListener("dragover", (event) => {
    const over = event.target.closest("tr");
    if (!dragged || !over) return;
    event.preventDefault();
    if (over === dragged) return;
    const box = over.getBoundingClientRect();
    if (event.clientY < box.top + box.height / 2) over.before(dragged);
    else over.after(dragged);
  });
  body.addEventListener("drop", (event) => {
    if (!dragged) return;
    event.preventDefault();
    if (order() === before) return;
    orderForm.elements.order.value = order();
    orderForm.elements.moved.value = dragged.id.replace("step-", "");
    dragged = null;
    orderForm.submit();
  });
  body.addEventListener("dragend", () => {
    for (const row of body.querySelectorAll(".playbook-dragged")) row.classList.remove("playbook-dragged");
    // Escape, or let go outside of the table: nothing moves.
    if (dragged) putBack();
    dragged = null;
  });
}

/** One box for all rows shown, and Shift for those between two. */
function letRowsBeTickedTogether() {
  const boxes = [...body.querySelectorAll('input[name="step"]')];
  const label = stepsForm.querySelector(".playbook-tick-all");
  const all = label.querySelector("input");
  let last = null;
  const count = () => {
    const ticked = boxes.filter((box) => box.checked).length;
    label.querySelector("span").textContent = ticked ? `(${ticked} ticked)` : "";
    all.checked = ticked === boxes.length;
    all.indeterminate = ticked > 0 && ticked < boxes.length;
  };
  label.hidden = false;
  all.addEventListener("change", () => {
    for (const box of boxes) box.checked = all.checked;
    count();
  });
  body.addEventListener("click", (event) => {
    const place = boxes.indexOf(event.target);
    if (place < 0) return;
    if (event.shiftKey && last !== null) {
      const [from, to] = [Math.min(place, last), Math.max(place, last)];
      for (const box of boxes.slice(from, to + 1)) box.checked = event.target.checked;
    }
    last = place;
    count();
  });
  count();
}

if (body) {
  letRowsBeTickedTogether();
  if (stepsForm.querySelector(".playbook-drag-words")) letRowsBeDragged();
}
