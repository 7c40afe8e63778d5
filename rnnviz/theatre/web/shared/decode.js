// Readings as rnnviz/theatre/reading.py sends them (version 3). Arrays stay packed as rnnviz/theatre/arrays.py packs
// them and are read without unpacking them to floats: a long reading stays small.

const READING_VERSION = 3;

export function decodeArray(packed) {
  const bytes = bytesOf(packed.data);
  const count = packed.shape.reduce((product, size) => product * size, 1);
  if (bytes.length !== (count * packed.bits) / 8) {
    throw new Error(`expected ${(count * packed.bits) / 8} bytes for shape ${packed.shape}, got ${bytes.length}`);
  }
  const codes = packed.bits === 8 ? bytes : littleEndian16(bytes);
  return { shape: packed.shape, low: packed.low, high: packed.high, top: 2 ** packed.bits - 1, codes };
}

// By the browser's own way where it has one, else byte by byte: the first picture waits for this.
function bytesOf(base64) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(base64);
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i += 1) bytes[i] = text.charCodeAt(i);
  return bytes;
}

const IS_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

function littleEndian16(bytes) {
  if (IS_LITTLE_ENDIAN && bytes.byteOffset % 2 === 0) {
    return new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const codes = new Uint16Array(bytes.length / 2);
  for (let i = 0; i < codes.length; i += 1) codes[i] = view.getUint16(2 * i, true);
  return codes;
}

// An array may have one code that says "no value here" (`none`, see derived.js); it reads as NaN.
export function codeToValue(array, code) {
  return code === array.none ? NaN : array.low + ((array.high - array.low) * code) / array.top;
}

export function valueAt(array, row, column = 0) {
  const width = array.shape.length > 1 ? array.shape[1] : 1;
  return codeToValue(array, array.codes[row * width + column]);
}

// A payload with its arrays decoded, and three things worked out: `steps` (T), `units` (H per layer) and `busiest` (per
// layer, the unit to show before anybody has chosen). `ghost` is null or a reading of the same kind.
// probabilities, attention, image and tokens may be null; `pieces` are the tokens as they were typed; orders are Uint16Array (row -> unit) or null.
export function decodeReading(payload) {
  if (payload.version !== READING_VERSION) {
    throw new Error(`expected a reading of version ${READING_VERSION}, got ${payload.version}`);
  }
  const optional = (packed) => (packed ? decodeArray(packed) : null);
  const shown = (text) => (typeof text === "string" ? inPlace(text) : text);
  const layers = payload.layers.map(decodeLayer);
  const [steps] = layers[0].forward.hidden.shape;
  return {
    ...payload,
    name: shown(payload.name),
    title: shown(payload.title),
    truth: shown(payload.truth),
    classes: payload.classes.map(shown),
    tokens: payload.tokens?.map(shown) ?? null,
    pieces: payload.tokens,
    replaced: payload.replaced ?? {},
    answered: payload.answered ?? null,
    marks: payload.marks.map((mark) => ({ ...mark, label: shown(mark.label), words: shown(mark.words) })),
    layers,
    image: optional(payload.image),
    attention: optional(payload.attention),
    probabilities: optional(payload.probabilities),
    ghost: payload.ghost ? decodeReading({ ...payload.ghost, ghost: null }) : null,
    steps,
    units: layers.map((layer) => layer.forward.hidden.shape[1]),
    busiest: layers.map((layer) => busiestUnit(layer.forward.hidden)),
  };
}

// Characters that turn the direction of the text after them would turn the numbers of a sentence around, too.
function inPlace(text) {
  return text.replace(/[\u202a-\u202e\u2066-\u2069]/g, "\ufffd");
}

function decodeLayer(layer) {
  const mapped = (entries, read) =>
    entries ? Object.fromEntries(Object.entries(entries).map(([name, value]) => [name, read(value)])) : null;
  const order = (units) => Uint16Array.from(units);
  return {
    forward: mapped(layer.forward, decodeArray),
    backward: mapped(layer.backward, decodeArray),
    orders: {
      forward: mapped(layer.orders?.forward, order),
      backward: mapped(layer.orders?.backward, order),
    },
  };
}

// The unit whose hidden state moves most, beginning at zero: the one worth showing before anybody has chosen, and the
// first in the order by activity (rnnviz/theatre/ordering.py).
export function busiestUnit(hidden) {
  const [steps, units] = hidden.shape;
  const { codes } = hidden;
  const zero = (-hidden.low * hidden.top) / (hidden.high - hidden.low);
  const travelled = new Float64Array(units);
  for (let step = 0; step < steps; step += 1) {
    const row = step * units;
    for (let unit = 0; unit < units; unit += 1) {
      const before = step === 0 ? zero : codes[row + unit - units];
      travelled[unit] += Math.abs(codes[row + unit] - before);
    }
  }
  return travelled.reduce((best, distance, unit) => (distance > travelled[best] ? unit : best), 0);
}

// The step whose answer stands at this one: of a long text an answer is not worked out after every token. null where
// there is none yet.
export function answeredStep({ answered }, step) {
  if (!answered) return step;
  let [low, high] = [0, answered.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (answered[middle] <= step) low = middle + 1;
    else high = middle;
  }
  return low === 0 ? null : answered[low - 1];
}

export function leadingClass(probabilities, step) {
  const classes = probabilities.shape[1];
  let best = 0;
  for (let k = 1; k < classes; k += 1) {
    if (probabilities.codes[step * classes + k] > probabilities.codes[step * classes + best]) best = k;
  }
  return best;
}
