// Which units are on throughout a span of steps and off outside it, as LSTMVis asks. A unit is on where its value, or
// its value turned round (sign -1), is at least the threshold. Tested with
// tests/js/brush.json.

import { codeToValue } from "../shared/decode.js";

// [{ unit, sign, least, most }]: `least` is the smallest of sign x value within the span (both ends included), `most`
// the largest outside it, null when nothing lies outside; least >= threshold > most. The widest gap between the two
// comes first, of equals the lower unit. `sign` 1 or -1 asks for one of them only.
export function unitsOn(array, { span, threshold, sign = null }) {
  const found = examined(array, span, sign).filter(
    ({ least, most }) => least >= threshold && (most === null || most < threshold),
  );
  return found.sort((a, b) => gap(b) - gap(a) || a.unit - b.unit || b.sign - a.sign);
}

// The same without asking what happens outside; the largest `least` comes first.
export function unitsThroughout(array, { span, threshold, sign = null }) {
  const found = examined(array, span, sign).filter(({ least }) => least >= threshold);
  return found.sort((a, b) => b.least - a.least || a.unit - b.unit || b.sign - a.sign);
}

function gap({ least, most }) {
  return least - (most ?? 0);
}

// Every unit in both signs (or the one asked for). Codes are compared, not values: their order is the same.
function examined(array, [first, last], sign) {
  const [steps, units] = array.shape;
  const inside = extremes(array.codes, units, [[first, last + 1]]);
  const outside = extremes(array.codes, units, [[0, first], [last + 1, steps]]);
  const value = (code) => codeToValue(array, code);
  const isWhole = first === 0 && last === steps - 1;
  const found = [];
  for (let unit = 0; unit < units; unit += 1) {
    if (sign !== -1) {
      const most = isWhole ? null : value(outside.high[unit]);
      found.push({ unit, sign: 1, least: value(inside.low[unit]), most });
    }
    if (sign !== 1) {
      const most = isWhole ? null : -value(outside.low[unit]);
      found.push({ unit, sign: -1, least: -value(inside.high[unit]), most });
    }
  }
  return found;
}

// Per unit, the lowest and the highest code in the given runs of steps [from, to).
function extremes(codes, units, runs) {
  const low = new Float64Array(units).fill(Infinity);
  const high = new Float64Array(units).fill(-Infinity);
  for (const [from, to] of runs) {
    for (let step = from; step < to; step += 1) {
      const row = step * units;
      for (let unit = 0; unit < units; unit += 1) {
        const code = codes[row + unit];
        if (code < low[unit]) low[unit] = code;
        if (code > high[unit]) high[unit] = code;
      }
    }
  }
  return { low, high };
}
