// Elements, made with textContent and never with HTML, and the small controls that the theatre is built of.

export function element(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined) continue;
    if (name in node && typeof value !== "string") node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function setAttribute(node, name, value) {
  if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

// An element that only shows something and has nothing to say: screen readers pass over it.
export function silent(name) {
  return element("div", { class: name, "aria-hidden": "true" });
}

export function buildButton(label, title, act, name = null) {
  const button = element("button", { type: "button", title, class: name }, label);
  button.onclick = act;
  return button;
}

// A row of buttons of which one is pressed; `mark(value)` says which. Built once, so that focus stays where it is.
export function buildSegments(name, label, entries, act) {
  const buttons = entries.map(([value, text, title]) => buildButton(text, title, () => act(value)));
  const node = element("div", { class: `segments ${name}`, role: "group", "aria-label": label }, ...buttons);
  const mark = (chosen) =>
    buttons.forEach((button, i) => setAttribute(button, "aria-pressed", String(entries[i][0] === chosen)));
  return { node, mark };
}

// A labelled menu. `fill(entries)` may be called again, for readings differ in what they offer.
export function buildSelect(name, label, title, act) {
  const select = element("select", { class: name, title });
  const node = element("label", { class: "field", title }, element("span", {}, label), select);
  let kinds = [];
  let filled = "";
  select.onchange = () => act(kinds[select.selectedIndex]);
  const fill = (entries) => {
    const key = JSON.stringify(entries);
    if (key === filled) return;
    filled = key;
    kinds = entries.map(([value]) => value);
    select.replaceChildren(...entries.map(([value, text]) => element("option", { value: String(value) }, text)));
  };
  const mark = (value) => {
    const index = kinds.indexOf(value);
    if (index >= 0 && select.selectedIndex !== index) select.selectedIndex = index;
  };
  return { node, select, fill, mark };
}

// A colour bar with its two numbers; `clipped` adds a cell at either end for what the range cuts off.
export function fillScale(node, signal, theme, clipped, format) {
  const strip = element("i", { class: "ramp" });
  strip.style.background = `linear-gradient(to right, ${signal.ramp[theme].join(", ")})`;
  const cells = clipped ? signal.beyond[theme].map((colour) => endCell(colour, signal)) : [];
  const parts = [element("b", {}, format(signal.low)), strip, element("b", {}, format(signal.high))];
  if (clipped) parts.splice(1, 1, cells[0], strip, cells[1]);
  node.replaceChildren(...parts);
}

function endCell(colour, signal) {
  const cell = element("i", { class: "beyond", title: `beyond ${signal.low}..${signal.high}` });
  cell.style.background = colour;
  return cell;
}

export function buildClassRows(labels) {
  return labels.map((label) => {
    const fill = element("i", { class: "fill" });
    const share = element("span", { class: "share" });
    const track = element("span", { class: "track", "aria-hidden": "true" }, fill);
    const node = element("li", {}, element("span", { class: "label" }, label), track, share);
    return { node, fill, share };
  });
}

export function buildUnitRow(signal, theme) {
  const value = element("dd", { class: "amount" });
  const words = element("dd", { class: "words" });
  const swatch = element("i", { class: "swatch", "aria-hidden": "true" });
  swatch.style.background = signal.hue[theme];
  const term = element("dt", {}, swatch, signal.label);
  return { node: element("div", { class: "unit-row" }, term, value, words), value, words };
}

// Lays an element over the whole page, or back into it.
export function liftAbove(node, isLifted) {
  try {
    if (isLifted) node.setAttribute("popover", "manual");
    if (isLifted) node.showPopover();
    else node.hidePopover();
  } catch {
    // An old browser has no top layer; the style sheet's fixed position serves it.
  }
  if (!isLifted) node.removeAttribute("popover");
}

export function isFocused(node) {
  return node.getRootNode().activeElement === node;
}

// True for a key that a control needs for itself; `except` is a control that shares its keys with the theatre.
export function keepsKey({ target, key }, except) {
  if (target.tagName === "SELECT" || target.tagName === "TEXTAREA") return true;
  if (target.tagName === "INPUT") return target !== except;
  return ["BUTTON", "SUMMARY", "A"].includes(target.tagName) && " Enter".includes(key);
}
