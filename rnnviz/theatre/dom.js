// The skeleton of the theatre: elements only, filled with textContent, never with HTML.

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

const SPEEDS = [
  [0.25, "¼×"],
  [0.5, "½×"],
  [1, "1×"],
  [2, "2×"],
  [4, "4×"],
];

// Every node that changes later is returned by name.
export function buildSkeleton() {
  const bar = buildBar();
  const now = buildNow();
  const stage = buildStage();
  const chips = element("div", { class: "choices chips", role: "group", "aria-label": "Signals shown" });
  const legend = element("div", { class: "legend" });
  const live = element("p", { class: "live", "aria-live": "polite", role: "status" });
  const body = element("div", { class: "body" }, now.aside, stage.stage);
  const root = element("section", { class: "theatre" }, bar.bar, chips, body, legend, live);
  return { root, chips, legend, live, ...bar, ...now, ...stage };
}

function buildBar() {
  const play = element("button", { class: "play", type: "button", title: "Play or pause (space)" });
  const label = "Speed of the replay";
  const speed = element(
    "select",
    { class: "speed", "aria-label": label, title: label },
    ...SPEEDS.map(([value, text]) => element("option", { value: String(value) }, text)),
  );
  speed.value = "1";
  const title = element("h2", { class: "title" });
  const subtitle = element("span", { class: "subtitle" });
  const layers = element("div", { class: "choices layers", role: "group", "aria-label": "Layer" });
  const heading = element("div", { class: "heading" }, title, subtitle);
  const transport = element("div", { class: "transport" }, layers, speed, play);
  return { bar: element("div", { class: "bar" }, heading, transport), play, speed, title, subtitle, layers };
}

function buildNow() {
  const upright = element("canvas", { class: "upright", role: "img" });
  const where = element("p", { class: "where" });
  const answer = element("p", { class: "answer" });
  const classes = element("ol", { class: "classes", "aria-label": "Class probabilities at this step" });
  const unitName = element("p", { class: "unit-name" });
  const unitRows = element("dl", { class: "unit-rows" });
  const aside = element(
    "aside",
    { class: "now", "aria-label": "At the cursor" },
    element("div", { class: "seen" }, upright, where),
    element("div", { class: "said" }, answer, classes),
    element("div", { class: "unit" }, unitName, unitRows),
  );
  return { aside, upright, where, answer, classes, unitName, unitRows };
}

function buildStage() {
  const overlay = (name) => element("div", { class: name, "aria-hidden": "true" });
  const scrub = element("input", { class: "scrub", type: "range", min: "0", step: "1" });
  const ticksTop = element("canvas", { class: "ticks", "aria-hidden": "true" });
  const axisTitle = element("span", { class: "axis-title" });
  const axis = element("div", { class: "axis" }, axisTitle, scrub, ticksTop);
  const panels = element("div", { class: "panels" });
  const [veil, preview, cursor, tip] = ["veil", "preview", "cursor", "tip"].map(overlay);
  const stage = element(
    "div",
    { class: "stage", tabIndex: 0, role: "group" },
    axis,
    panels,
    veil,
    preview,
    cursor,
    tip,
  );
  return { stage, axisTitle, scrub, ticksTop, panels, veil, preview, cursor, tip };
}

export function buildPanel({ id, label, symbol, meaning, height, description }) {
  const value = element("span", { class: "value" });
  const scale = element("span", { class: "scale", "aria-hidden": "true" });
  const swatch = element("i", { class: "swatch", "aria-hidden": "true" });
  const canvas = element("canvas", { role: "img", "aria-label": description });
  const row = element("div", { class: "row", "aria-hidden": "true" });
  const plot = element("div", { class: "plot" }, canvas, row);
  const head = element(
    "div",
    { class: "head" },
    swatch,
    element("span", { class: "name" }, label),
    element("span", { class: "symbol" }, symbol ?? ""),
    element("span", { class: "meaning", title: meaning }, meaning),
    value,
    scale,
  );
  const node = element("div", { class: "panel", "data-panel": id }, head, plot);
  return { id, node, canvas, value, scale, swatch, row, plot, height };
}

// A colour bar with its two numbers; `beyond` adds a cell at either end for what the range cuts off.
export function fillScale(node, signal, theme, clipped, format) {
  const stops = signal.ramp[theme].join(", ");
  const strip = element("i", { class: "ramp" });
  strip.style.background = `linear-gradient(to right, ${stops})`;
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

export function buildChoice(label, title, act) {
  const button = element("button", { type: "button", title }, label);
  button.onclick = act;
  return button;
}

export function buildClassRows(labels) {
  return labels.map((label) => {
    const fill = element("i", { class: "fill" });
    const share = element("span", { class: "share" });
    const node = element(
      "li",
      {},
      element("span", { class: "label" }, label),
      element("span", { class: "track", "aria-hidden": "true" }, fill),
      share,
    );
    return { node, fill, share };
  });
}

export function buildUnitRow(signal, theme) {
  const value = element("dd", { class: "amount" });
  const words = element("dd", { class: "words" });
  const swatch = element("i", { class: "swatch", "aria-hidden": "true" });
  swatch.style.background = signal.hue[theme];
  const term = element("dt", {}, swatch, signal.label);
  return { nodes: [term, value, words], value, words };
}
