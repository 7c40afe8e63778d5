// A view: everything a person can choose in a theatre, as plain JSON. The twin of rnnviz/theatre/view.py, with the
// same names, defaults and checks. Steps, layers and units count from 0 here.

// In the order in which a step computes them: f, i, r, z, g, c, o, h.
export const SIGNAL_NAMES = [
  "forget_gate",
  "input_gate",
  "reset_gate",
  "update_gate",
  "candidate",
  "cell",
  "output_gate",
  "hidden",
];
// What the tokens of a text can be coloured by, besides the tints that come with a reading (tints.py).
export const OWN_TINTS = ["answer", "change", "attention", "none"];
const TINT_NAME = /^[a-z][a-z0-9_-]{0,39}$/;
export const PANEL_NAMES = ["input", "prediction", "attention", ...SIGNAL_NAMES, "unit"];
export const DIRECTIONS = ["forward", "backward", "both"];
export const UNIT_ORDERS = ["index", "activity", "cluster"];
export const VALUE_MODES = ["raw", "change", "difference"];
export const PREDICTIONS = ["bars", "area"];
export const ARRANGEMENTS = ["auto", "beside", "stacked"];
export const REPLAY_SPEEDS = [0.25, 0.5, 1, 2, 4];
export const MOST_PINS = 8;
export const MOST_READINGS = 3;
const MOST_INDICES = 100_000;
const MOST_LAYERS = 64;

export const DEFAULT_VIEW = Object.freeze({
  layer: 0,
  direction: "forward",
  step: null,
  steps: [],
  units: [],
  order: "index",
  values: "raw",
  span: null,
  threshold: 0.3,
  brush: "hidden",
  hidden: [],
  prediction: "bars",
  arrangement: "auto",
  loop: false,
  speed: 1,
  presenter: false,
  focus: 0,
  tint: "answer",
});

export function isIndex(value, below) {
  return Number.isInteger(value) && value >= 0 && value < below;
}

const oneOf = (names) => (value) => (names.includes(value) ? value : undefined);
const indexBelow = (below) => (value) => (isIndex(value, below) ? value : undefined);
const orNull = (check) => (value) => (value === null ? null : check(value));
const flagOf = (value) => (typeof value === "boolean" ? value : undefined);
const listWithin = (most, check) => (value) => {
  if (!Array.isArray(value) || value.length > most || !value.every((one) => check(one) !== undefined)) return undefined;
  return [...new Set(value)];
};

function spanOf(value) {
  const isSpan = Array.isArray(value) && value.length === 2 && value.every((end) => isIndex(end, MOST_INDICES));
  return isSpan && value[0] <= value[1] ? [value[0], value[1]] : undefined;
}

function thresholdOf(value) {
  return typeof value === "number" && value >= 0 && value <= 1 ? Math.round(100 * value) / 100 : undefined;
}

function tintOf(value) {
  if (typeof value !== "string") return undefined;
  const [whose, signal, ...rest] = value.split(":");
  const isSignals = ["unit", "mean"].includes(whose) && SIGNAL_NAMES.includes(signal) && rest.length === 0;
  return isSignals || TINT_NAME.test(value) ? value : undefined;
}

// Per field, the value as the view wants it, or undefined for one without sense.
export const VIEW_CHECKS = {
  layer: indexBelow(MOST_LAYERS),
  direction: oneOf(DIRECTIONS),
  step: orNull(indexBelow(MOST_INDICES)),
  steps: listWithin(MOST_PINS, indexBelow(MOST_INDICES)),
  units: listWithin(MOST_PINS, indexBelow(MOST_INDICES)),
  order: oneOf(UNIT_ORDERS),
  values: oneOf(VALUE_MODES),
  span: orNull(spanOf),
  threshold: thresholdOf,
  brush: oneOf(SIGNAL_NAMES),
  hidden: listWithin(PANEL_NAMES.length, oneOf(PANEL_NAMES)),
  prediction: oneOf(PREDICTIONS),
  arrangement: oneOf(ARRANGEMENTS),
  loop: flagOf,
  speed: oneOf(REPLAY_SPEEDS),
  presenter: flagOf,
  focus: indexBelow(MOST_READINGS),
  tint: tintOf,
};

// A whole view from whatever was sent: what makes no sense stays at its default.
export function readView(sent) {
  const view = { ...DEFAULT_VIEW };
  if (sent === null || typeof sent !== "object") return view;
  for (const [name, check] of Object.entries(VIEW_CHECKS)) {
    if (!Object.hasOwn(sent, name)) continue;
    const value = check(sent[name]);
    if (value !== undefined) view[name] = value;
  }
  return view;
}
