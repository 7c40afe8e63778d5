// Oracles: vectors made by hand and by brute force (shared with rnnviz/analysis/units.py), and brute force here.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { unitsOn, unitsThroughout } from "../../rnnviz/theatre/web/stage/brush.js";
import { decodeReading, valueAt } from "../../rnnviz/theatre/web/shared/decode.js";
import { assertInProportion } from "./growth.mjs";
import { randomPayload } from "./reading.mjs";

const vectors = JSON.parse(readFileSync(new URL("./brush.json", import.meta.url), "utf-8"));

// Values as they are: a code is its value.
function exact(rows) {
  return { shape: [rows.length, rows[0].length], low: 0, high: 1, top: 1, codes: Float64Array.from(rows.flat()) };
}

test("every vector gives its units, best first", () => {
  assert.ok(vectors.length >= 10);
  for (const { values, span, threshold, units, throughout } of vectors) {
    // Adding 0 turns -0 into 0, which JSON does not tell apart either.
    const unsigned = (value) => (value === null ? null : value + 0);
    const plain = (found) =>
      found.map((one) => ({ ...one, least: unsigned(one.least), most: unsigned(one.most) }));
    assert.deepEqual(plain(unitsOn(exact(values), { span, threshold })), units);
    assert.deepEqual(plain(unitsThroughout(exact(values), { span, threshold })), throughout);
  }
});

function bruteForce(array, span, threshold) {
  const [steps, units] = array.shape;
  const found = [];
  for (let unit = 0; unit < units; unit += 1) {
    for (const sign of [1, -1]) {
      let [least, most] = [Infinity, -Infinity];
      for (let step = 0; step < steps; step += 1) {
        const value = sign * valueAt(array, step, unit);
        if (step >= span[0] && step <= span[1]) least = Math.min(least, value);
        else most = Math.max(most, value);
      }
      if (least >= threshold && most < threshold) found.push(`${unit} ${sign} ${least} ${most}`);
    }
  }
  return found.sort();
}

test("packed values of both widths give what brute force gives", () => {
  let seen = 0;
  for (const bits of [8, 16]) {
    for (let seed = 1; seed <= 30; seed += 1) {
      const array = decodeReading(randomPayload({ steps: 5, units: 40, bits, seed })).layers[0].forward.hidden;
      for (const [span, threshold] of [[[1, 2], 0.2], [[0, 0], 0.1], [[4, 4], 0.5], [[0, 3], 0.01]]) {
        const found = unitsOn(array, { span, threshold });
        seen += found.length;
        const told = found.map(({ unit, sign, least, most }) => `${unit} ${sign} ${least} ${most}`).sort();
        assert.deepEqual(told, bruteForce(array, span, threshold));
      }
    }
  }
  assert.ok(seen > 100);
});

test("one sign can be asked for, as for gates, which know no negative", () => {
  const array = exact([[0.9, -0.9], [0, 0]]);
  const asked = (sign) => unitsOn(array, { span: [0, 0], threshold: 0.3, sign }).map(({ unit }) => unit);
  assert.deepEqual([asked(1), asked(-1), asked(null)], [[0], [1], [0, 1]]);
});

test("the time of a search grows with the steps only", () => {
  const [whole, sixteenth] = [2000, 125].map(
    (steps) => decodeReading(randomPayload({ steps, units: 256 })).layers[0].forward.hidden,
  );
  const span = (array) => [0, array.shape[0] - 1];
  assertInProportion((array) => unitsOn(array, { span: span(array), threshold: 0.3 }), whole, sixteenth);
});
