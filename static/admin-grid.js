/** The letters of all steps in the admin: a person types in the cells; each row's field, a line such as `SE:R, INM:A`, is what is sent.
 *  One text field goes from cell to cell, so that 2,000 cells are no 2,000 fields. Without this the lines are typed. */

const form = document.querySelector("#grid-form");
const table = form?.querySelector(".playbook-grid");
const LETTERS = ["R", "A", "C", "I"];
/** The step and its line stand before the cells. */
const FIRST = 2;

/** `PM:R/A, SE:C` as [["PM", "R/A"], ["SE", "C"]]; a code may hold a colon, letters never do. */
function piecesOf(line) {
  return line
    .split(",")
    .filter((piece) => piece.trim())
    .map((piece) => {
      const at = piece.lastIndexOf(":");
      return at < 0 ? [piece.trim(), ""] : [piece.slice(0, at).trim(), piece.slice(at + 1).trim()];
    });
}

/** What somebody typed, as it is shown: `ra` is `R/A`. What is no letter stays, for the server to say so. */
function tidy(typed) {
  const found = typed.toUpperCase().replace(/[\s/]/g, "");
  return [...found].every((letter) => LETTERS.includes(letter))
    ? LETTERS.filter((letter) => found.includes(letter)).join("/")
    : found;
}

/** What is wrong with the letters of a row, as lint says it, but for what only the server knows. */
function marksOf(held) {
  const has = (letter) => held.filter((letters) => letters.includes(letter)).length;
  if (!held.some(Boolean)) return [["missing-raci", "warning"]];
  const both = held.some((letters) => letters.includes("C") && letters.includes("I"));
  return [
    ...(has("R") ? [] : [["nobody-responsible", "error"]]),
    ...(has("A") ? [] : [["no-accountable", "warning"]]),
    ...(has("A") > 1 ? [["several-accountable", "error"]] : []),
    ...(has("C") ? [] : [["nobody-consulted", "warning"]]),
    ...(both ? [["consulted-and-informed", "error"]] : []),
  ];
}

function start() {
  const codes = [...table.tHead.rows[0].cells].flatMap((head) => head.dataset.code ?? []);
  const rows = [...table.tBodies[0].rows];
  const field = (row) => row.querySelector(".playbook-line input");
  const cell = (place) => rows[place.row].cells[place.column + FIRST];
  const editor = document.createElement("input");
  // What the page showed as stored: after a refusal, the fields hold what was typed.
  const seen = new Map(form.elements.seen.value.split("\n").map((line) => [line.split(" ", 1)[0], line.slice(line.indexOf(" ") + 1)]));
  const before = new Map(rows.map((row) => [row, seen.get(row.id.replace("row-", "")) ?? ""]));
  let at = { row: 0, column: 0 };
  let held = "";

  editor.className = "playbook-cell";
  editor.autocomplete = "off";
  editor.spellcheck = false;
  editor.maxLength = 12;

  const letters = (row) => codes.map((_, column) => (row === rows[at.row] && column === at.column ? held : row.cells[column + FIRST].textContent));

  /** Put what the cell holds into its row's line; what the line says of other roles, listed or not, stays. */
  function write() {
    const typed = tidy(editor.value);
    if (typed === held) return;
    held = typed;
    const row = rows[at.row];
    const code = codes[at.column];
    const pieces = piecesOf(field(row).value);
    const known = pieces.find(([name]) => name === code);
    if (known) known[1] = typed;
    else pieces.push([code, typed]);
    field(row).value = pieces
      .filter(([name, its]) => its || !codes.includes(name))
      .map(([name, its]) => (its ? `${name}:${its}` : name))
      .join(", ");
    cell(at).classList.remove("playbook-bad");
    show(row);
    total();
  }

  function show(row) {
    const marks = row.cells[codes.length + FIRST];
    marks.replaceChildren(
      ...marksOf(letters(row)).flatMap(([code, severity]) => {
        const mark = document.createElement("span");
        mark.className = `playbook-mark playbook-${severity}`;
        mark.textContent = code;
        return [mark, " "];
      }),
    );
    row.classList.toggle("playbook-touched", field(row).value !== before.get(row));
    const number = rows.filter((one) => one.classList.contains("playbook-touched")).length;
    form.querySelector(".playbook-changed").textContent = number ? `${number} changed, not saved` : "";
  }

  function total() {
    const all = rows.map(letters);
    for (const [place, letter] of LETTERS.entries()) {
      const foot = table.tFoot.rows[place];
      for (const column of codes.keys()) {
        foot.cells[column + FIRST].textContent = all.filter((one) => one[column].includes(letter)).length;
      }
    }
  }

  /** Let the cell show its letters again, and the field go into another one. */
  function go(row, column, { focus = true } = {}) {
    write();
    if (editor.isConnected) cell(at).textContent = held;
    at = { row: Math.min(Math.max(row, 0), rows.length - 1), column: Math.min(Math.max(column, 0), codes.length - 1) };
    held = tidy(cell(at).textContent);
    editor.value = held;
    editor.setAttribute("aria-label", `${codes[at.column]} on step ${rows[at.row].cells[0].querySelector("a").textContent}`);
    cell(at).replaceChildren(editor);
    if (!focus) return;
    editor.focus({ preventScroll: true });
    editor.select();
    cell(at).scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  editor.addEventListener("input", write);
  editor.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1], Enter: [1, 0] };
    if (event.key === "Escape") {
      const was = piecesOf(before.get(rows[at.row])).find(([name]) => name === codes[at.column]);
      editor.value = was ? was[1] : "";
      write();
      editor.select();
    } else if (event.key === "Home" || event.key === "End") {
      go(at.row, event.key === "Home" ? 0 : codes.length - 1);
    } else if (steps[event.key]) {
      const [down, right] = steps[event.key];
      go(at.row + down, at.column + right);
    } else return;
    event.preventDefault();
  });
  table.tBodies[0].addEventListener("click", (event) => {
    const clicked = event.target.closest("td");
    const column = clicked ? clicked.cellIndex - FIRST : -1;
    if (column >= 0 && column < codes.length && event.target !== editor) go(rows.indexOf(clicked.parentElement), column);
  });
  form.addEventListener("submit", write);

  // The browser may have kept what was typed before a reload: the cells follow the lines.
  function follow() {
    for (const row of rows) {
      const pieces = new Map(piecesOf(field(row).value));
      for (const [column, code] of codes.entries()) row.cells[column + FIRST].textContent = pieces.get(code) ?? "";
    }
  }

  const asLines = document.querySelector(".playbook-as-lines");
  asLines.addEventListener("click", () => {
    const lines = table.classList.toggle("playbook-by-cell");
    asLines.textContent = lines ? "Type lines instead" : "Type in cells instead";
    if (lines) {
      follow();
      rows.forEach(show);
      total();
      held = tidy(cell(at).textContent);
      go(at.row, at.column, { focus: false });
    } else {
      cell(at).textContent = held;
      editor.remove();
    }
  });

  document.querySelector(".playbook-grid-keys").hidden = false;
  document.querySelector(".playbook-grid-words").hidden = true;
  table.classList.add("playbook-by-cell");
  go(0, 0, { focus: false });
  rows.filter((row) => field(row).value !== before.get(row)).forEach(show);
  total();
}

if (table?.tBodies[0].rows.length) start();
