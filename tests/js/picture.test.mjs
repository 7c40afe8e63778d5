import assert from "node:assert/strict";
import { test } from "node:test";

import { contrast, lookupTable, parseColour, rampColour, tableIndex } from "../../rnnviz/theatre/web/shared/colours.js";
import { decodeArray, decodeReading } from "../../rnnviz/theatre/web/shared/decode.js";
import { imagePixels } from "../../rnnviz/theatre/web/shared/charts.js";
import {
  barTop,
  columnCentre,
  columnLeft,
  heatmapHeight,
  stepAt,
  ticks,
  timeAxis,
  unitAt,
} from "../../rnnviz/theatre/web/shared/geometry.js";
import { heatmapPixels } from "../../rnnviz/theatre/web/shared/heatmap.js";
import { cellValue, listBands } from "../../rnnviz/theatre/web/stage/panels.js";
import { initialState, shapeOf } from "../../rnnviz/theatre/web/stage/state.js";
import { number, percentage, signalSentence, signalWords, stepSentence } from "../../rnnviz/theatre/web/shared/words.js";
import { gate, pack, signed, smallPayload } from "./reading.mjs";

test("colours are read in every form that a browser hands out", () => {
  assert.deepEqual(parseColour("#0b5fb0"), [11, 95, 176]);
  assert.deepEqual(parseColour("#fff"), [255, 255, 255]);
  assert.deepEqual(parseColour("rgb(1, 2, 3)"), [1, 2, 3]);
  assert.deepEqual(parseColour("rgba(1 2 3 / 0.5)"), [1, 2, 3]);
  assert.throws(() => parseColour("blue"), /expected a colour/);
  assert.equal(Math.round(contrast([0, 0, 0], [255, 255, 255])), 21);
});

test("a ramp runs through its stops", () => {
  const stops = gate.ramp.light.map(parseColour);
  assert.deepEqual(rampColour(stops, 0), [255, 255, 255]);
  assert.deepEqual(rampColour(stops, 0.5), [128, 128, 128]);
  assert.deepEqual(rampColour(stops, 1), [0, 0, 0]);
});

test("values beyond the range take the two end colours, never the last colour of the ramp", () => {
  assert.equal(tableIndex(signed, -1.01), 0);
  assert.equal(tableIndex(signed, -1), 1);
  assert.equal(tableIndex(signed, 1), 256);
  assert.equal(tableIndex(signed, 1.01), 257);
  const table = lookupTable(signed, "light");
  assert.deepEqual([...table.slice(0, 3)], [0, 0, 128]);
  assert.deepEqual([...table.slice(257 * 4, 257 * 4 + 3)], [128, 0, 0]);
});

test("a heatmap has a row per unit, a column per step, and the colour of each value", () => {
  const array = decodeArray(pack([[0, 1], [0.5, 0], [1, 0.5]], 0, 1));
  const { pixels } = heatmapPixels(array, gate, lookupTable(gate, "light"));
  const grey = (unit, step) => pixels[4 * (unit * 3 + step)];
  assert.deepEqual([0, 1, 2].map((step) => grey(0, step)), [255, 127, 0]);
  assert.deepEqual([0, 1, 2].map((step) => grey(1, step)), [0, 255, 127]);
  const turned = heatmapPixels(array, gate, lookupTable(gate, "light"), [1, 0]);
  assert.equal(turned.pixels[0], 0);
});

test("clipped values are counted", () => {
  for (const bits of [8, 16]) {
    const array = decodeArray(pack([[-2, 0.5], [2, 1 - 1e-3]], -2, 2, bits));
    const { pixels, beyond } = heatmapPixels(array, signed, lookupTable(signed, "light"));
    assert.equal(beyond, 2);
    assert.deepEqual([...pixels.slice(0, 3)], [0, 0, 128]);
  }
});

test("many values take the same colours as few", () => {
  const few = decodeArray(pack([[-1, -0.3, 0, 0.7, 1]], -1, 1, 8));
  const many = decodeArray(pack(Array(100).fill([-1, -0.3, 0, 0.7, 1]), -1, 1, 8));
  const table = lookupTable(signed, "light");
  const column = (pixels, steps) => [0, 1, 2, 3, 4].map((unit) => pixels[4 * unit * steps]);
  const [one, all] = [few, many].map((array) => heatmapPixels(array, signed, table).pixels);
  assert.deepEqual(column(one, 1), column(all, 100));
});

test("the turned image puts rows on the time axis and the right side on top", () => {
  const reading = decodeReading(smallPayload());
  const turned = imagePixels(reading.image, [255, 255, 255], [0, 0, 0], { rotated: true });
  assert.deepEqual([turned.width, turned.height], [4, 2]);
  const ink = (x, y) => turned.pixels[4 * (y * 4 + x)] === 0;
  assert.deepEqual([ink(0, 0), ink(0, 1), ink(1, 0), ink(1, 1), ink(3, 0)], [true, false, false, true, true]);
});

test("a step has one place on the axis, and the place leads back to the step", () => {
  const axis = timeAxis(600, 28, 40);
  for (let step = 0; step < 28; step += 1) {
    assert.equal(stepAt(axis, columnCentre(axis, step)), step);
    assert.ok(columnLeft(axis, step) < columnCentre(axis, step));
  }
  const part = timeAxis(600, 28, 40, 0, 100);
  assert.deepEqual([columnLeft(part, 100), stepAt(part, 41), stepAt(part, 599)], [40, 100, 127]);
  assert.equal(stepAt(axis, 39), null);
  assert.equal(stepAt(axis, 601), null);
  assert.deepEqual([unitAt(0, 128, 64), unitAt(127.9, 128, 64), unitAt(500, 128, 64)], [0, 63, 63]);
});

test("heatmaps take whole device pixels per unit while that is reasonable", () => {
  assert.equal(heatmapHeight(128, 1), 128);
  assert.equal(heatmapHeight(128, 2), 128);
  assert.equal(heatmapHeight(2000, 1), 192);
  assert.equal(heatmapHeight(2, 1), 128);
});

test("labels never touch, and both ends have one", () => {
  for (const [steps, column] of [[28, 30], [28, 12], [28, 5], [400, 2.5], [2000, 0.5], [1, 500], [2, 10]]) {
    for (const first of [0, 7, 1234]) {
      const marked = ticks(first, steps, column);
      assert.equal(marked[0], first);
      assert.equal(marked.at(-1), first + steps - 1);
      for (let i = 1; i < marked.length; i += 1) {
        assert.ok((marked[i] - marked[i - 1]) * column >= 22 || steps === 2, `${steps} ${column}`);
      }
    }
  }
  assert.deepEqual(ticks(100, 40, 5), [100, 109, 119, 129, 139]);
});

test("the top of the bars is one of four and holds the largest", () => {
  assert.deepEqual([0.05, 0.1, 0.2, 0.4, 0.9].map(barTop), [0.05, 0.1, 0.25, 0.5, 1]);
});

test("numbers and sentences read like a person wrote them", () => {
  assert.equal(number(-0.5), "\u22120.50");
  assert.equal(number(-0.001), "0.00");
  const shares = [0.999, 0.42, 0.0099, 0.004, 1, 0];
  assert.deepEqual(shares.map(percentage), ["99.9 %", "42 %", "1 %", "0.4 %", "100 %", "0 %"]);
  assert.equal(signalWords(signed, 0.05), "says next to nothing");
  assert.equal(
    signalSentence(gate, 0.93, 37, 11, "row"),
    "forget gate of unit 37 at row 12: 0.93, keeps 93 % of the cell",
  );
  const reading = decodeReading(smallPayload());
  assert.equal(stepSentence(reading, 1, 0, 0.7), "Row 2 of 4: reads cat with 70 %");
});

test("panels follow what is shown and what is wanted, and read out exact values", () => {
  const readings = [decodeReading(smallPayload())];
  const state = initialState(shapeOf(readings), {});
  const scene = { readings, state, options: { panels: null }, ratio: 1, scale: 1, beside: false };
  assert.deepEqual(
    listBands(scene).map((band) => band.id),
    ["input", "prediction", "attention", "forget_gate", "hidden", "unit"],
  );
  const fewer = { ...scene, state: { ...state, hidden: ["hidden"] }, options: { panels: ["forget_gate", "hidden"] } };
  const [band, ...others] = listBands(fewer);
  assert.equal(others.length, 0);
  assert.equal(cellValue(band, band.cells[0], readings[0], state, 2, 1), "0.450");
});

test("several readings share their bands, and say what they lack", () => {
  const lstm = { ...decodeReading(smallPayload()), title: "LSTM", cell: "lstm" };
  const rnn = { ...lstm, title: "RNN", cell: "rnn", cell_title: "RNN", signals: lstm.signals.filter(({ name }) => name === "hidden") };
  const readings = [lstm, rnn];
  const state = initialState(shapeOf(readings), {});
  const scene = { readings, state, options: { panels: null }, ratio: 1, scale: 1, beside: true };
  const gates = listBands(scene).find((band) => band.id === "forget_gate");
  assert.deepEqual(
    gates.cells.map(({ absent }) => absent ?? null),
    [null, "An RNN has no forget gate."],
  );
  const input = (beside) => listBands({ ...scene, beside }).find((band) => band.id === "input");
  assert.equal(input(true).cells.length, 2, "beside each other both show the image, for both have a time axis");
  assert.equal(input(false).cells.length, 1, "stacked they share it");
});
