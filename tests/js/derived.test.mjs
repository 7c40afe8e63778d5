// Oracle: the same differences worked out from the plain values, within the quantisation of what came.

import assert from "node:assert/strict";
import { test } from "node:test";

import { lookupTable, parseColour, tableIndex } from "../../rnnviz/theatre/web/shared/colours.js";
import { decodeReading, valueAt } from "../../rnnviz/theatre/web/shared/decode.js";
import { shownArray, shownSignal, stepBefore } from "../../rnnviz/theatre/web/shared/derived.js";
import { heatmapPixels } from "../../rnnviz/theatre/web/shared/heatmap.js";
import { rowOfUnit, rowOrder, unitOfRow } from "../../rnnviz/theatre/web/stage/order.js";
import { assertInProportion } from "./growth.mjs";
import { gate, haunted, pack, randomPayload, signed, smallPayload } from "./reading.mjs";

const cell = { ...signed, name: "cell", low: -4, high: 4 };
const near = (one, other, slack) => assert.ok(Math.abs(one - other) <= slack, `${one} is not near ${other}`);

test("as it is: the very array that came, for each layer and direction", () => {
  const reading = decodeReading(randomPayload({ steps: 6, units: 4, layers: 2, twoWay: true }));
  assert.equal(shownArray(reading, 1, "backward", gate, "raw"), reading.layers[1].backward.forget_gate);
  assert.equal(shownArray(reading, 0, "forward", signed, "raw"), reading.layers[0].forward.hidden);
});

test("what a reading does not have is null: a layer, a direction, a signal, a ghost", () => {
  const reading = decodeReading(smallPayload());
  assert.equal(shownArray(reading, 7, "forward", gate, "raw"), null);
  assert.equal(shownArray(reading, 0, "backward", gate, "change"), null);
  assert.equal(shownArray(reading, 0, "forward", cell, "change"), null);
  assert.equal(shownArray(reading, 0, "forward", gate, "difference"), null);
});

test("a change is the value less that of the step before, from zero for a state and from nothing for a gate", () => {
  for (const bits of [8, 16]) {
    const signals = [gate, cell, signed];
    const reading = decodeReading(randomPayload({ steps: 7, units: 5, signals, bits, twoWay: true }));
    for (const direction of ["forward", "backward"]) {
      for (const signal of signals) {
        const raw = shownArray(reading, 0, direction, signal, "raw");
        const change = shownArray(reading, 0, direction, signal, "change");
        for (let step = 0; step < 7; step += 1) {
          for (let unit = 0; unit < 5; unit += 1) {
            const before = stepBefore(step, direction, 7);
            const value = valueAt(change, step, unit);
            if (before !== null) near(value, valueAt(raw, step, unit) - valueAt(raw, before, unit), 1e-9);
            else if (signal.kind === "gate") assert.ok(Number.isNaN(value));
            else near(value, valueAt(raw, step, unit), 1e-9);
          }
        }
      }
    }
  }
});

test("a backward layer comes from the step after, so its first step is the last", () => {
  assert.deepEqual([stepBefore(0, "forward", 5), stepBefore(4, "forward", 5)], [null, 3]);
  assert.deepEqual([stepBefore(0, "backward", 5), stepBefore(4, "backward", 5)], [1, null]);
});

test("a difference is the value less the ghost's, nothing where the ghost has ended, also over another range", () => {
  const reading = decodeReading(haunted());
  for (const signal of [gate, signed]) {
    const raw = shownArray(reading, 0, "forward", signal, "raw");
    const ghost = reading.ghost.layers[0].forward[signal.name];
    const difference = shownArray(reading, 0, "forward", signal, "difference");
    for (let step = 0; step < 4; step += 1) {
      for (let unit = 0; unit < 3; unit += 1) {
        const value = valueAt(difference, step, unit);
        if (step === 3) assert.ok(Number.isNaN(value));
        else near(value, valueAt(raw, step, unit) - valueAt(ghost, step, unit), 1e-4);
      }
    }
  }
});

test("it is worked out once, and packed: no floats", () => {
  const reading = decodeReading(randomPayload({ steps: 2000, units: 256, signals: [gate, signed] }));
  const change = shownArray(reading, 0, "forward", gate, "change");
  assert.equal(shownArray(reading, 0, "forward", gate, "change"), change);
  assert.ok(change.codes instanceof Uint16Array);
});

test("the time of changes grows with the steps only", () => {
  const signals = Array.from({ length: 10 }, (_, i) => ({ ...signed, name: i === 0 ? "hidden" : `s${i}` }));
  // A reading keeps what was worked out: each try has one of its own.
  const readings = (steps) => Array.from({ length: 3 }, () => decodeReading(randomPayload({ steps, units: 256, signals })));
  const work = (left) => {
    const reading = left.pop();
    for (const signal of signals) shownArray(reading, 0, "forward", signal, "change");
  };
  assertInProportion(work, readings(2000), readings(125));
});

test("a change of a gate is drawn on -1..1 in two colours, of a state on -2..2, of a cell on -4..4", () => {
  const vocabulary = [gate, { ...signed, ramp: { light: ["#0000ff", "#ffffff", "#ff8800"], dark: [] } }];
  assert.equal(shownSignal(gate, "raw", vocabulary), gate);
  const change = shownSignal(gate, "change", vocabulary);
  assert.deepEqual([change.low, change.high, change.kind, change.name], [-1, 1, "signed", "forget_gate"]);
  assert.deepEqual(change.ramp.light, ["#0000ff", "#ffffff", "#ff8800"]);
  assert.deepEqual([shownSignal(cell, "change", []).low, shownSignal(cell, "difference", []).high], [-4, 4]);
  assert.deepEqual([shownSignal(signed, "change", []).low, shownSignal(signed, "difference", []).high], [-2, 2]);
  assert.equal(change.label, "Forget gate, change");
});

test("no value is painted as paper, and not counted as beyond the range", () => {
  const reading = decodeReading(smallPayload());
  const ramp = { light: ["#0000ff", "#fefdfc", "#ff8800"], dark: ["#000000", "#000000", "#000000"] };
  const drawn = shownSignal(gate, "change", [{ ...signed, ramp }]);
  const change = shownArray(reading, 0, "forward", gate, "change");
  const { pixels, beyond } = heatmapPixels(change, drawn, lookupTable(drawn, "light"));
  assert.deepEqual([...pixels.slice(0, 3)], parseColour("#fefdfc"));
  assert.equal(beyond, 0);
  assert.equal(tableIndex(drawn, NaN), 258);
});

test("many changes take the same colours as few", () => {
  const drawn = shownSignal(gate, "change", [signed]);
  const table = lookupTable(drawn, "light");
  const rows = [[0], [1], [0.25]];
  const few = decodeReading(withGate(rows));
  const many = decodeReading(withGate([...Array(400)].flatMap(() => rows)));
  const paint = (reading) => heatmapPixels(shownArray(reading, 0, "forward", gate, "change"), drawn, table).pixels;
  assert.deepEqual([...paint(many).slice(0, 12)], [...paint(few).slice(0, 12)]);
});

function withGate(rows) {
  const layer = { forward: { forget_gate: pack(rows, 0, 1, 8), hidden: pack(rows, 0, 1, 8) }, backward: null };
  return { ...smallPayload(), layers: [layer] };
}

test("an order leads from row to unit and back; there is none for the index or a ghost", () => {
  const reading = decodeReading(haunted());
  const order = rowOrder(reading.layers[0], "forward", "cluster");
  assert.deepEqual([...order], [0, 2, 1]);
  assert.equal(rowOrder(reading.layers[0], "both", "cluster"), order);
  for (let unit = 0; unit < 3; unit += 1) assert.equal(unitOfRow(order, rowOfUnit(order, unit)), unit);
  assert.equal(rowOrder(reading.layers[0], "forward", "index"), null);
  assert.equal(rowOrder(reading.layers[0], "backward", "cluster"), null);
  assert.equal(rowOrder(reading.ghost.layers[0], "forward", "cluster"), null);
  assert.equal(rowOrder(undefined, "forward", "cluster"), null);
  assert.deepEqual([rowOfUnit(null, 5), unitOfRow(null, 5)], [5, 5]);
});
