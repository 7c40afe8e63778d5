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

export function buildSkeleton() {
  const play = element("button", { class: "play", type: "button", title: "Play or pause (space)" });
  const speed = element(
    "select",
    { class: "speed", "aria-label": "Speed of the replay", title: "Speed of the replay" },
    ...SPEEDS.map(([value, label]) => element("option", { value: String(value) }, label)),
  );
  speed.value = "1";
  const title = element("h3", { class: "title" });
  const subtitle = element("span", { class: "subtitle" });
  const layers = element("div", { class: "choices layers", role: "group", "aria-label": "Layer" });
  const chips = element("div", { class: "choices chips", role: "group", "aria-label": "Signals shown" });
  const bar = element(
    "div",
    { class: "bar" },
    element("div", { class: "heading" }, title, subtitle),
    element("div", { class: "transport" }, layers, speed, play),
  );

  const upright = element("canvas", { class: "upright", role: "img" });
  const where = element("p", { class: "where" });
  const answer = element("p", { class: "answer" });
  const classes = element("ol", { class: "classes", "aria-label": "Class probabilities at this step" });
  const unitName = element("p", { class: "unit-name" });
  const unitRows = element("dl", { class: "unit-rows" });
  const now = element(
    "aside",
    { class: "now", "aria-label": "At the cursor" },
    element("div", { class: "seen" }, upright, where),
    element("div", { class: "said" }, answer, classes),
    element("div", { class: "unit" }, unitName, unitRows),
  );

  const scrub = element("input", { class: "scrub", type: "range", min: "0", step: "1" });
  const ticksTop = element("canvas", { class: "ticks", "aria-hidden": "true" });
  const panels = element("div", { class: "panels" });
  const cursor = element("div", { class: "cursor", "aria-hidden": "true" });
  const preview = element("div", { class: "preview", "aria-hidden": "true" });
  const veil = element("div", { class: "veil", "aria-hidden": "true" });
  const tip = element("div", { class: "tip", "aria-hidden": "true" });
  const axisTitle = element("span", { class: "axis-title" });
  const stage = element(
    "div",
    { class: "stage", tabIndex: 0, role: "group" },
    element("div", { class: "axis" }, axisTitle, scrub, ticksTop),
    panels,
    veil,
    preview,
    cursor,
    tip,
  );
  const legend = element("div", { class: "legend" });
  const live = element("p", { class: "live", "aria-live": "polite", role: "status" });
  const root = element(
    "section",
    { class: "theatre" },
    bar,
    chips,
    element("div", { class: "body" }, now, stage),
    legend,
    live,
  );
  return {
    root, play, speed, title, subtitle, layers, chips, upright, where, answer, classes, unitName, unitRows, scrub,
    ticksTop, panels, cursor, preview, veil, tip, axisTitle, stage, legend, live,
  };
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

export function buildChoice(label, pressed, title) {
  return element("button", { type: "button", "aria-pressed": String(pressed), title }, label);
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
