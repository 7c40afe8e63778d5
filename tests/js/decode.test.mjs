import assert from "node:assert/strict";
import { test } from "node:test";

import { busiestUnit, decodeArray, decodeReading, leadingClass, valueAt } from "../../rnnviz/theatre/decode.js";
import { pack, smallPayload } from "./reading.mjs";

test("values come back within half a step of the code, at both widths", () => {
  for (const bits of [8, 16]) {
    const rows = [
      [-1, -0.5],
      [0.25, 1],
    ];
    const array = decodeArray(pack(rows, -1, 1, bits));
    rows.forEach((row, i) =>
      row.forEach((value, j) => assert.ok(Math.abs(valueAt(array, i, j) - value) <= 1 / (2 ** bits - 1))),
    );
  }
});

test("too few bytes are refused with what was expected and what came", () => {
  const packed = { ...pack([[0, 1]], 0, 1), shape: [2, 2] };
  assert.throws(() => decodeArray(packed), /expected 8 bytes.*got 4/);
});

test("an unknown version is refused", () => {
  assert.throws(() => decodeReading({ ...smallPayload(), version: 9 }), /version 1, got 9/);
});

test("a reading knows its sizes, its leader and its busiest unit", () => {
  const reading = decodeReading(smallPayload());
  assert.equal(reading.steps, 4);
  assert.deepEqual(reading.units, [3, 3]);
  assert.equal(leadingClass(reading.probabilities, 1), 0);
  assert.equal(leadingClass(reading.probabilities, 3), 1);
  assert.equal(busiestUnit(reading.layers[0].forward.hidden), 0);
  assert.ok(Math.abs(valueAt(reading.attention, 2) - 0.3) < 1e-4);
});
