import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { answeredStep, busiestUnit, decodeArray, decodeReading, leadingClass, valueAt } from "../../rnnviz/theatre/web/shared/decode.js";
import { haunted, pack, randomPayload, smallPayload } from "./reading.mjs";

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
  assert.throws(() => decodeReading({ ...smallPayload(), version: 9 }), /version 3, got 9/);
});

test("no text of a reading turns the direction of the sentence around it", () => {
  const mark = { step: 0, kind: "note", label: "\u2067x", words: "\u202dy" };
  const turned = { name: "\u202ea", title: "\u2066b", truth: "\u2069c", classes: ["\u202ano7", "dog"], marks: [mark] };
  const reading = decodeReading({ ...smallPayload(), ...turned, tokens: ["\u202e1", "2", "3", "4"] });
  const texts = [reading.name, reading.title, reading.truth, reading.classes[0], reading.tokens[0]];
  assert.deepEqual(texts, ["\ufffda", "\ufffdb", "\ufffdc", "\ufffdno7", "\ufffd1"]);
  assert.deepEqual([reading.marks[0].label, reading.marks[0].words], ["\ufffdx", "\ufffdy"]);
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

test("a reading of a bare layer has no answer, and orders are given per direction", () => {
  const reading = decodeReading(randomPayload({ steps: 5, units: 3, layers: 2, twoWay: true }));
  assert.equal(reading.probabilities, null);
  assert.equal(reading.attention, null);
  assert.deepEqual([reading.steps, reading.units], [5, [3, 3]]);
  assert.deepEqual(reading.layers[1].backward.hidden.shape, [5, 3]);
  assert.deepEqual([...reading.layers[1].orders.backward.activity], [2, 1, 0]);
  assert.equal(decodeReading(smallPayload()).layers[0].orders.backward, null);
});

test("a ghost is decoded as well and has none of its own", () => {
  const { ghost } = decodeReading(haunted());
  assert.deepEqual([ghost.steps, ghost.units, ghost.ghost], [3, [3, 3], null]);
  assert.equal(ghost.layers[0].orders.forward, null);
  assert.ok(Math.abs(valueAt(ghost.layers[0].forward.forget_gate, 2, 1) - 0.35) < 1e-4);
  assert.equal(decodeReading(smallPayload()).ghost, null);
});

test("a code that says no value reads as NaN", () => {
  const array = { shape: [1, 2], low: -1, high: 1, top: 4, none: 5, codes: Uint8Array.of(2, 5) };
  assert.equal(valueAt(array, 0, 0), 0);
  assert.ok(Number.isNaN(valueAt(array, 0, 1)));
});

test("arrays stay packed: a long reading takes little more than its codes", () => {
  const reading = decodeReading(randomPayload({ steps: 2000, units: 256 }));
  const { codes } = reading.layers[0].forward.hidden;
  assert.ok(codes instanceof Uint8Array && codes.byteLength === 512_000);
});

test("the reading the app opens with: its sizes, orders naming every unit once, marks where the answer turns", () => {
  const file = new URL("../../rnnviz/theatre/opening.json", import.meta.url);
  const reading = decodeReading(JSON.parse(readFileSync(file, "utf-8")));
  assert.deepEqual([reading.steps, reading.units], [28, [128, 128]]);
  assert.deepEqual(reading.busiest, reading.layers.map((layer) => layer.orders.forward.activity[0]));
  const everyUnit = [...Array(128).keys()];
  for (const { orders } of reading.layers) {
    for (const order of [orders.forward.activity, orders.forward.cluster]) {
      assert.deepEqual([...order].sort((a, b) => a - b), everyUnit);
    }
  }
  const flips = everyUnit.slice(1, 28).filter((step) => {
    return leadingClass(reading.probabilities, step) !== leadingClass(reading.probabilities, step - 1);
  });
  const marked = reading.marks.filter((mark) => mark.kind === "flip").map((mark) => mark.step);
  assert.deepEqual(marked, flips);
  assert.equal(reading.marks.find((mark) => mark.kind === "decision").step, flips.at(-1) ?? 0);
});

test("the way from zero to the first state counts for the busiest unit", () => {
  assert.equal(busiestUnit(decodeArray(pack([[0.1, 0.9], [0.4, 0.9]], -1, 1))), 1);
  assert.equal(busiestUnit(decodeArray(pack([[0.1, 0.9], [0.95, 0.9]], -1, 1))), 0);
});

test("the step whose answer stands at another is the last one before it", () => {
  const answered = [0, 8, 17, 20];
  const wanted = (step) => answered.filter((one) => one <= step).at(-1) ?? null;
  for (let step = 0; step < 22; step += 1) assert.equal(answeredStep({ answered }, step), wanted(step));
  assert.deepEqual([answeredStep({ answered: [3] }, 2), answeredStep({ answered: null }, 2)], [null, 2]);
});
