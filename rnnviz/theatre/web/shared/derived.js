// What is drawn of a signal: its values as they are, their change from the step before, or their difference to the
// ghost. Derived arrays are packed like those that came (decode.js), with one more code for "no value here" (`none`,
// read as NaN): valueAt and heatmapPixels read them like any other. Each is worked out once, when it is first shown.

import { codeToValue } from "./decode.js";

const CHANGES = new WeakMap();
const DIFFERENCES = new WeakMap();

// Before the first step there is a state, and it is zero; there is no gate.
const START_AT_ZERO = ["hidden", "cell"];

// The array of one panel, or null where the reading has no such layer, direction, signal or ghost. `direction` is
// "forward" or "backward", `values` "raw", "change" or "difference".
export function shownArray(reading, layer, direction, signal, values) {
  const array = reading.layers[layer]?.[direction]?.[signal.name] ?? null;
  if (!array || values === "raw") return array;
  if (values === "change") {
    const backward = direction === "backward";
    return kept(CHANGES, array, () => changeOf(array, backward, START_AT_ZERO.includes(signal.name)));
  }
  const ghost = reading.ghost?.layers[layer]?.[direction]?.[signal.name] ?? null;
  return ghost && kept(DIFFERENCES, array, () => differenceOf(array, ghost));
}

function kept(store, array, work) {
  if (!store.has(array)) store.set(array, work());
  return store.get(array);
}

// The step whose state this one came from, or null for the first one read: a backward layer reads from the end.
export function stepBefore(step, direction, steps) {
  const before = direction === "backward" ? step + 1 : step - 1;
  return before < 0 || before >= steps ? null : before;
}

// Codes of a difference count half steps of the source's code, so that the first change (from zero, which may lie
// between two codes) is exact too.
function changeOf(array, backward, fromZero) {
  const [steps, units] = array.shape;
  const { codes } = array;
  const changes = emptyDifference(array);
  const middle = 2 * array.top;
  const zero = Math.round((-2 * array.low * array.top) / (array.high - array.low));
  for (let step = 0; step < steps; step += 1) {
    const before = backward ? step + 1 : step - 1;
    const isFirst = before < 0 || before >= steps;
    const offset = (before - step) * units;
    for (let at = step * units; at < (step + 1) * units; at += 1) {
      if (!isFirst) changes.codes[at] = middle + 2 * (codes[at] - codes[at + offset]);
      else changes.codes[at] = fromZero ? middle + 2 * codes[at] - zero : changes.none;
    }
  }
  return changes;
}

function emptyDifference(array) {
  const { shape, low, high, top, codes } = array;
  const most = 4 * top + 1;
  const range = high - low;
  const Codes = most < 2 ** 16 ? Uint16Array : Uint32Array;
  return { shape, low: -range, high: range + range / (2 * top), top: most, none: most, codes: new Codes(codes.length) };
}

function differenceOf(array, ghost) {
  const isAlike = array.low === ghost.low && array.high === ghost.high && array.top === ghost.top;
  return isAlike ? exactDifference(array, ghost) : recodedDifference(array, ghost);
}

function exactDifference(array, ghost) {
  const differences = emptyDifference(array);
  const middle = 2 * array.top;
  eachPair(array, ghost, (at, code, other) => {
    differences.codes[at] = other === undefined ? differences.none : middle + 2 * (code - other);
  });
  return differences;
}

// Two ranges that differ: the differences get a code of 16 bits of their own.
function recodedDifference(array, ghost) {
  const none = 2 ** 16 - 1;
  const [low, high] = [array.low - ghost.high, array.high - ghost.low];
  const codes = new Uint16Array(array.codes.length);
  const scale = (none - 1) / (high - low);
  eachPair(array, ghost, (at, code, other) => {
    const difference = codeToValue(array, code) - codeToValue(ghost, other);
    codes[at] = other === undefined ? none : Math.round((difference - low) * scale);
  });
  return { shape: array.shape, low, high: low + none / scale, top: none, none, codes };
}

// Every code beside the ghost's at the same step and unit: undefined where the ghost has no such step or unit.
function eachPair(array, ghost, act) {
  const [steps, units] = array.shape;
  const [ghostSteps, ghostUnits] = ghost.shape;
  for (let step = 0; step < steps; step += 1) {
    for (let unit = 0; unit < units; unit += 1) {
      const has = step < ghostSteps && unit < ghostUnits;
      const at = step * units + unit;
      act(at, array.codes[at], has ? ghost.codes[step * ghostUnits + unit] : undefined);
    }
  }
}

// The signal as it is drawn in that mode, with its range, ramp and words. `vocabulary` is reading.signals: a gate takes
// the two-sided ramp for its changes from a signal that has one.
export function shownSignal(signal, values, vocabulary) {
  if (values === "raw") return signal;
  // A difference of two values of a range lies within its width; a cell state has no bound, and keeps its drawn one.
  const limit = signal.name === "cell" ? signal.high : signal.high - signal.low;
  const signed = signal.kind === "signed" ? signal : (vocabulary.find(({ kind }) => kind === "signed") ?? signal);
  const [label, symbol, meaning] =
    values === "change"
      ? [`${signal.label}, change`, `\u0394${signal.symbol}`, "Change from the step before: orange rose, blue fell."]
      : [`${signal.label}, difference`, `${signal.symbol} \u2212 ghost`, "Orange lies above the ghost, blue below it."];
  return {
    ...signal,
    values,
    kind: "signed",
    low: -limit,
    high: limit,
    label,
    symbol,
    meaning,
    ramp: signed.ramp,
    beyond: signed.beyond,
  };
}
