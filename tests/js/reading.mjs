// A small reading made by hand, packed the way rnnviz/theatre/arrays.py packs.

export function pack(rows, low, high, bits = 16) {
  const flat = rows.flat();
  const top = 2 ** bits - 1;
  const bytes = [];
  for (const value of flat) {
    const code = Math.round(((value - low) / (high - low)) * top);
    bytes.push(code & 255);
    if (bits === 16) bytes.push(code >> 8);
  }
  const shape = Array.isArray(rows[0]) ? [rows.length, rows[0].length] : [rows.length];
  return { shape, low, high, bits, data: Buffer.from(bytes).toString("base64") };
}

const ramp = { light: ["#ffffff", "#808080", "#000000"], dark: ["#000000", "#808080", "#ffffff"] };
const beyond = { light: ["#000080", "#800000"], dark: ["#8080ff", "#ff8080"] };

export const gate = {
  name: "forget_gate",
  label: "Forget gate",
  symbol: "f",
  kind: "gate",
  low: 0,
  high: 1,
  meaning: "kept",
  bands: [[1e9, "keeps {percent} % of the cell"]],
  ramp,
  beyond,
  hue: { light: "#aa0000", dark: "#ffaaaa" },
};

export const signed = {
  ...gate,
  name: "hidden",
  label: "Hidden state",
  symbol: "h",
  kind: "signed",
  low: -1,
  high: 1,
  bands: [
    [-0.15, "says a negative value"],
    [0.15, "says next to nothing"],
    [1e9, "says a positive value"],
  ],
};

// 4 steps, 3 units, 2 classes, 2 layers.
export function smallPayload() {
  const gates = [
    [0, 0.25, 0.5],
    [0.1, 0.35, 0.6],
    [0.2, 0.45, 0.7],
    [0.3, 0.55, 1],
  ];
  const hidden = [
    [-1, 0, 0],
    [1, 0.1, 0],
    [-1, 0.2, 0],
    [1, 0.3, 0],
  ];
  const layer = {
    forward: { forget_gate: pack(gates, 0, 1), hidden: pack(hidden, -2, 2) },
    backward: null,
    orders: { forward: { activity: [0, 1, 2], cluster: [0, 2, 1] }, backward: null },
  };
  return {
    version: 3,
    name: "tiny",
    title: "LSTM",
    cell: "lstm",
    cell_title: "LSTM",
    readout: "attention",
    step_word: "row",
    truth: null,
    classes: ["cat", "dog"],
    image: pack([[0, 255], [255, 0], [0, 0], [255, 255]], 0, 255, 8),
    tokens: null,
    layers: [layer, layer],
    probabilities: pack([[0.5, 0.5], [0.7, 0.3], [0.2, 0.8], [0.1, 0.9]], 0, 1),
    attention: pack([0.1, 0.2, 0.3, 0.4], 0, 1),
    class_hues: { light: ["#0072b2", "#e69f00"], dark: ["#6db8ff", "#e69f00"] },
    marks: [{ step: 2, kind: "flip", label: "cat to dog", words: "At row 3 the answer changes from cat to dog." }],
    ghost: null,
    panels: Object.fromEntries(
      ["input", "prediction", "attention", "unit", "overview"].map((id) => [
        id,
        { label: id.charAt(0).toUpperCase() + id.slice(1), meaning: `What ${id} means.`, look_for: `Look at ${id}.` },
      ]),
    ),
    signals: [gate, signed],
    convention: "",
  };
}

// The small reading beside another one of 3 steps: every gate 0.1 lower, every hidden state 0.
export function haunted() {
  const payload = smallPayload();
  const lower = [
    [0, 0.15, 0.4],
    [0, 0.25, 0.5],
    [0.1, 0.35, 0.6],
  ];
  const still = Array(3).fill([0, 0, 0]);
  const layer = {
    forward: { forget_gate: pack(lower, 0, 1), hidden: pack(still, -1, 1) },
    backward: null,
    orders: { forward: null, backward: null },
  };
  const ghost = { ...smallPayload(), name: "pinned digit: sample 8", layers: [layer, layer] };
  ghost.probabilities = pack([[0.9, 0.1], [0.8, 0.2], [0.6, 0.4]], 0, 1);
  return { ...payload, ghost };
}

// A reading of random values from a fixed seed: `cells` names its signals, `twoWay` gives it a backward direction.
export function randomPayload(sizes) {
  const { steps, units, layers = 1, signals = [gate, signed], bits = 8, twoWay = false, seed = 1 } = sizes;
  let state = seed;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const coded = () => {
    const bytes = Buffer.alloc((steps * units * bits) / 8);
    for (let i = 0; i < bytes.length; i += 1) bytes[i] = Math.floor(256 * random());
    return bytes.toString("base64");
  };
  const direction = () =>
    Object.fromEntries(
      signals.map(({ name, low, high }) => [name, { shape: [steps, units], low, high, bits, data: coded() }]),
    );
  const orders = { activity: [...Array(units).keys()].reverse(), cluster: [...Array(units).keys()] };
  return {
    ...smallPayload(),
    image: null,
    attention: null,
    probabilities: null,
    classes: [],
    marks: [],
    signals,
    layers: Array.from({ length: layers }, () => ({
      forward: direction(),
      backward: twoWay ? direction() : null,
      orders: { forward: orders, backward: twoWay ? orders : null },
    })),
  };
}
