// Arrays as rnnviz/theatre/arrays.py packs them, read without unpacking them to floats: a long reading stays small.

export function decodeArray(packed) {
  const bytes = Uint8Array.from(atob(packed.data), (character) => character.charCodeAt(0));
  const count = packed.shape.reduce((product, size) => product * size, 1);
  if (bytes.length !== (count * packed.bits) / 8) {
    throw new Error(`expected ${(count * packed.bits) / 8} bytes for shape ${packed.shape}, got ${bytes.length}`);
  }
  const codes = packed.bits === 8 ? bytes : littleEndian16(bytes);
  return { shape: packed.shape, low: packed.low, high: packed.high, top: 2 ** packed.bits - 1, codes };
}

function littleEndian16(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const codes = new Uint16Array(bytes.length / 2);
  for (let i = 0; i < codes.length; i += 1) codes[i] = view.getUint16(2 * i, true);
  return codes;
}

export function codeToValue(array, code) {
  return array.low + ((array.high - array.low) * code) / array.top;
}

export function valueAt(array, row, column = 0) {
  const width = array.shape.length > 1 ? array.shape[1] : 1;
  return codeToValue(array, array.codes[row * width + column]);
}

export function decodeReading(payload) {
  if (payload.version !== 2) throw new Error(`expected a reading of version 2, got ${payload.version}`);
  const optional = (packed) => (packed ? decodeArray(packed) : null);
  const direction = (signals) =>
    signals &&
    Object.fromEntries(Object.entries(signals).map(([name, packed]) => [name, decodeArray(packed)]));
  const layers = payload.layers.map((layer) => ({
    forward: direction(layer.forward),
    backward: direction(layer.backward),
  }));
  const first = Object.values(layers[0].forward)[0];
  return {
    ...payload,
    layers,
    image: optional(payload.image),
    attention: optional(payload.attention),
    probabilities: decodeArray(payload.probabilities),
    steps: first.shape[0],
    units: layers.map((layer) => Object.values(layer.forward)[0].shape[1]),
  };
}

// The unit whose hidden state moves most: the one worth showing before anybody has chosen.
export function busiestUnit(hidden) {
  const [steps, units] = hidden.shape;
  let best = 0;
  let most = -1;
  for (let unit = 0; unit < units; unit += 1) {
    let travelled = 0;
    for (let step = 1; step < steps; step += 1) {
      travelled += Math.abs(hidden.codes[step * units + unit] - hidden.codes[(step - 1) * units + unit]);
    }
    if (travelled > most) [best, most] = [unit, travelled];
  }
  return best;
}

export function leadingClass(probabilities, step) {
  const classes = probabilities.shape[1];
  let best = 0;
  for (let k = 1; k < classes; k += 1) {
    if (probabilities.codes[step * classes + k] > probabilities.codes[step * classes + best]) best = k;
  }
  return best;
}
