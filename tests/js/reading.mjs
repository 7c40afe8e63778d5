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
  const layer = { forward: { forget_gate: pack(gates, 0, 1), hidden: pack(hidden, -2, 2) }, backward: null };
  return {
    version: 2,
    name: "tiny",
    cell: "lstm",
    readout: "attention",
    step_word: "row",
    truth: null,
    classes: ["cat", "dog"],
    image: pack([[0, 255], [255, 0], [0, 0], [255, 255]], 0, 255, 8),
    tokens: null,
    layers: [layer, layer],
    probabilities: pack([[0.5, 0.5], [0.7, 0.3], [0.2, 0.8], [0.1, 0.9]], 0, 1),
    attention: pack([0.1, 0.2, 0.3, 0.4], 0, 1),
    marks: [],
    signals: [gate, signed],
    convention: "",
  };
}
