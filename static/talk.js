/** Talk: a list of whom one may mention while one types `@`, and Ctrl+Enter to post. Without it both are typed and pressed. */

const MOST = 8;
const known = new Map();

/** Whom one may mention, asked for once for each address. */
function people(address) {
  if (!known.has(address)) {
    const asked = fetch(address, { headers: { Accept: "application/json" } });
    known.set(address, asked.then((answer) => (answer.ok ? answer.json() : { people: [] })).then((said) => said.people, () => []));
  }
  return known.get(address);
}

/** What is typed after the last `@` before the caret, or null. */
function typed(box) {
  const found = /(?:^|[^\p{L}\p{N}_@.+/-])@([\p{L}\p{N}'’-]*(?: [\p{L}\p{N}'’-]*)?)$/u.exec(box.value.slice(0, box.selectionStart));
  return found ? found[1] : null;
}

function close(box) {
  box.suggest?.remove();
  box.suggest = null;
  box.removeAttribute("aria-controls");
  box.removeAttribute("aria-activedescendant");
}

function choose(box, option) {
  const start = box.selectionStart - typed(box).length - 1;
  box.setRangeText(`${option.dataset.insert} `, start, box.selectionStart, "end");
  close(box);
  box.focus();
}

function mark(box, option) {
  for (const each of box.suggest.children) each.setAttribute("aria-selected", String(each === option));
  box.setAttribute("aria-activedescendant", option.id);
  option.scrollIntoView({ block: "nearest" });
}

function open(box, found) {
  close(box);
  if (!found.length) return;
  const list = document.createElement("ul");
  list.className = "suggest";
  list.id = `${box.id}-suggest`;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Whom to mention");
  found.forEach((one, index) => {
    const option = document.createElement("li");
    option.id = `${list.id}-${index}`;
    option.dataset.insert = one.insert;
    option.setAttribute("role", "option");
    const says = document.createElement("span");
    says.className = "soft";
    says.textContent = one.says ? ` ${one.says}` : "";
    option.append(one.insert, says);
    option.addEventListener("mousedown", (event) => {
      event.preventDefault();
      choose(box, option);
    });
    list.append(option);
  });
  box.after(list);
  box.suggest = list;
  box.setAttribute("aria-controls", list.id);
  box.setAttribute("aria-autocomplete", "list");
  mark(box, list.firstElementChild);
  const spoken = document.getElementById("spoken");
  if (spoken) spoken.textContent = `${found.length} to mention, first ${found[0].insert}. Arrow keys choose, Enter takes.`;
}

document.addEventListener("input", async (event) => {
  const box = event.target.closest?.("textarea[data-mentions]");
  if (!box) return;
  if (typed(box) === null) return close(box);
  const all = await people(box.dataset.mentions);
  const begun = typed(box)?.toLowerCase();
  if (begun === undefined) return close(box);
  const fits = (one) => {
    const words = `${one.insert.slice(1)} ${one.says}`.toLowerCase();
    return words.startsWith(begun) || words.split(/[\s(,]+/).some((word) => begun && word.startsWith(begun));
  };
  open(box, all.filter(fits).slice(0, MOST));
});

document.addEventListener("keydown", (event) => {
  const box = event.target.closest?.("form.say textarea");
  if (!box) return;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    close(box);
    box.form.requestSubmit(); // the first button: never the customer's
    return;
  }
  if (!box.suggest) return;
  const now = box.suggest.querySelector("[aria-selected=true]");
  if (event.key === "ArrowDown") mark(box, now.nextElementSibling ?? box.suggest.firstElementChild);
  else if (event.key === "ArrowUp") mark(box, now.previousElementSibling ?? box.suggest.lastElementChild);
  else if (event.key === "Enter" || event.key === "Tab") choose(box, now);
  else if (event.key === "Escape") close(box);
  else return;
  event.preventDefault();
});

document.addEventListener("focusout", (event) => {
  const box = event.target.closest?.("textarea[data-mentions]");
  if (box) close(box);
});
