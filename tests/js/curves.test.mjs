import assert from "node:assert/strict";
import { test } from "node:test";

import {
  allSteps, bandPath, fittingLabels, floats, linePath, linearTicks, logText, logTicks, nearest, scaleOf, signPath, tickText,
  unpackedLines, within, written,
} from "../../rnnviz/theatre/web/curves/curvescale.js";

const across = scaleOf([0, 10], false, 0, 100);
const up = scaleOf([0, 1], false, 50, 0);
const logarithmic = scaleOf([0.01, 1], true, 100, 0);

test("a scale goes there and back, and zero has no place on a logarithmic one", () => {
  assert.deepEqual([0, 5, 10].map(across.place), [0, 50, 100]);
  assert.equal(up.place(1), 0);
  assert.ok(Math.abs(logarithmic.place(0.1) - 50) < 1e-9);
  for (const scale of [across, up, logarithmic])
    for (const value of [0.02, 0.5, 0.9]) assert.ok(Math.abs(scale.value(scale.place(value)) - value) < 1e-9);
  assert.ok(!Number.isFinite(logarithmic.place(0)));
  assert.ok(Number.isNaN(logarithmic.place(-1)));
  assert.ok(Number.isFinite(scaleOf([3, 3], false, 0, 9).place(3)));
});

test("ticks are round, inside, and not too many", () => {
  assert.deepEqual(linearTicks(0, 2.5, 6).ticks, [0, 0.5, 1, 1.5, 2, 2.5]);
  assert.deepEqual(linearTicks(0, 3, 10, true).ticks, [0, 1, 2, 3]);
  for (const high of [1e-7, 0.003, 0.7, 1, 12, 640, 123456]) {
    const { ticks } = linearTicks(0, high, 6);
    assert.ok(ticks.length >= 3 && ticks.length <= 7, `${high}: ${ticks}`);
    assert.ok(ticks.at(-1) <= high * (1 + 1e-6));
  }
  assert.deepEqual(linearTicks(0, 0, 5).ticks, [0]);
  assert.deepEqual(linearTicks(0, NaN, 5).ticks, [0]);
});

test("a logarithmic axis has whole decades, and more where it is short", () => {
  assert.deepEqual(logTicks(0.01, 1000, 10).map(logText), ["0.01", "0.1", "1", "10", "100", "1,000"]);
  assert.deepEqual(logTicks(1, 10, 8).map(logText).sort(), ["1", "10", "2", "5"]);
  assert.ok(logTicks(1e-6, 1e6, 5).length <= 5);
});

test("numbers are written as people write them", () => {
  assert.equal(tickText(1500, 500), "1,500");
  assert.equal(tickText(0.3, 0.1), "0.3");
  assert.equal(tickText(0.30000000000000004, 0.1), "0.3");
  assert.equal(tickText(0, 0.5), "0");
  assert.equal(tickText(2e-5, 1e-5), "2\u00b710\u207b\u2075");
  assert.equal(logText(1e-5), "10\u207b\u2075");
  assert.equal(written(0.98765, "accuracy"), "98.8 %");
  assert.equal(written(0.123456, "loss"), "0.1235");
  assert.equal(written(0.0054912, "rate"), "0.00549");
  assert.equal(written(3e-5, "rate"), "3\u00b710\u207b\u2075");
  assert.equal(written(0, "rate"), "0");
  assert.equal(written(1.23456, "gradient"), "1.23");
  assert.equal(written(NaN, "loss"), "not a number");
});

test("a line breaks where nothing was measured, and a point alone is a dot", () => {
  assert.equal(linePath([0, 5, 10], [0, 1, 0.5], across, up), "M0 50L50 0L100 25");
  assert.equal(linePath([0, 2, 5, 10], [0, 1, NaN, 1], across, up), "M0 50L20 0M100 0h0");
  assert.equal(linePath([], [], across, up), "");
  assert.equal(linePath([0, 1, 2], [NaN, NaN, NaN], across, up), "");
  assert.doesNotMatch(linePath([0, 1], [1e30, -1e30], across, up), /e|NaN|Infinity/);
  assert.doesNotMatch(linePath([1, 2], [0, 0.1], across, logarithmic), /NaN|Infinity/);
});

test("a band goes there along the least and back along the greatest", () => {
  assert.equal(bandPath([0, 10], [0, 0], [1, 1], across, up), "M0 50L100 50L100 0L0 0Z");
  assert.equal(bandPath([0, 5, 10], [0, 0, 0], [1, 1, NaN], across, up), "M0 50L50 50L50 0L0 0Z");
});

test("an unknown sign is a circle", () => {
  assert.equal(signPath("<script>", 5, 5), signPath("circle", 5, 5));
  assert.notEqual(signPath("square", 5, 5), signPath("diamond", 5, 5));
});

test("the nearest step is found among all steps", () => {
  const steps = allSteps([{ steps: Float32Array.of(1, 2, 9) }, { steps: Float32Array.of(10, 2) }]);
  assert.deepEqual([...steps], [1, 2, 9, 10]);
  for (const at of [-5, 1, 1.4, 1.6, 5, 6, 9.4, 99]) {
    const distances = [...steps].map((step) => Math.abs(step - at));
    assert.equal(distances[nearest(steps, at)], Math.min(...distances), String(at));
  }
  assert.equal(nearest([], 3), -1);
  assert.equal(nearest([4], 9), 0);
});

test("step 0 is on no logarithmic axis, and the cursor stays within the steps there are", () => {
  const packed = (...numbers) => Buffer.from(Float32Array.from(numbers).buffer).toString("base64");
  const none = { smooth: null, low: null, high: null };
  const held = { label: "held out", steps: packed(0, 10, 20), values: packed(2, 1, 0.5), ...none };
  const first = { label: "first", steps: packed(0), values: packed(2), ...none };
  const [line, ...others] = unpackedLines([held, first], true);
  assert.deepEqual([[...line.steps], [...line.values], line.smooth, line.label], [[10, 20], [1, 0.5], null, "held out"]);
  assert.deepEqual(others, []);
  const linear = unpackedLines([held, first], false);
  assert.deepEqual(linear.map(({ steps }) => [...steps]), [[0, 10, 20], [0]]);
  const steps = allSteps([line]);
  assert.deepEqual([within(0, steps), within(15, steps), within(99, steps), within(null, steps)], [10, 15, 20, null]);
  assert.equal(within(3, allSteps([])), null);
});

test("labels that would lie on each other give way to the latest", () => {
  const wide = scaleOf([0, 100], false, 0, 400);
  const marks = [0, 50, 52, 100].map((step) => ({ step, text: `best ${step}` }));
  const shown = fittingLabels(marks, wide, 0, 400);
  assert.deepEqual(shown.map(({ step }) => step), [0, 52, 100]);
  for (const { x, half } of shown) assert.ok(x - half >= -1e-9 && x + half <= 400 + 1e-9);
});

test("numbers come as Python packed them", () => {
  const bytes = Buffer.from(Float32Array.of(1.5, NaN, -2).buffer).toString("base64");
  assert.deepEqual([...floats(bytes)], [1.5, NaN, -2]);
  assert.equal(floats(null), null);
  assert.equal(floats("").length, 0);
});
