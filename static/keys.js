/** Keys that are pressed alone, and the switches that turn them off in this browser (WCAG 2.1.4). Does nothing by itself: pages and
 *  `app.js` alike import it, and it is loaded once. */

/** A switch that is on until somebody turns it off here. `flip` says whether the browser keeps that. */
export function switchCalled(name) {
  const on = () => {
    try {
      return localStorage.getItem(name) === null;
    } catch {
      return true; // a browser that keeps nothing for us
    }
  };
  const flip = () => {
    try {
      if (on()) localStorage.setItem(name, "1");
      else localStorage.removeItem(name);
    } catch {
      return false;
    }
    return true;
  };
  return { on, flip };
}

/** The one for the keys of every page. */
export const shortcuts = switchCalled("gatehouse.shortcuts-off");

/** Whether a key was pressed alone, and not while somebody types: in `fields`, a text or a dialog. */
export function alone(event, fields = "input") {
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  return !event.target.closest?.(`${fields}, select, textarea, [contenteditable], dialog`);
}

/** The control of `form` that a key stands for: `data-key`. */
export function controlOf(event, form) {
  return form.querySelector(`[data-key="${CSS.escape(event.key.toLowerCase())}"]`);
}
