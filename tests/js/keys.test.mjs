import assert from "node:assert/strict";
import { test } from "node:test";

import { initialState, keyAction, reduce } from "../../rnnviz/theatre/web/stage/state.js";

const SHAPE = {
  steps: 28,
  layers: 2,
  units: [5, 5],
  twoWay: false,
  signals: ["hidden"],
  ghost: false,
  readings: 2,
};
const FALLBACK = { unit: 3, order: null };
const press = (state, key, shiftKey = false, fallback = FALLBACK) => {
  const action = keyAction({ key, shiftKey }, state, fallback);
  return action ? reduce(state, action) : null;
};
const start = initialState(SHAPE, { step: 10 });

test("every promised key does what the legend says, others are left alone", () => {
  const moved = { ArrowRight: 11, ArrowLeft: 9, PageDown: 15, PageUp: 5, Home: 0, End: 27 };
  for (const [key, step] of Object.entries(moved)) assert.equal(press(start, key).step, step, key);
  assert.equal(press(start, " ").playing, true);
  assert.equal(press(press(start, " "), " ").playing, false);
  assert.deepEqual([press(start, "Enter").steps, press(start, "Enter").units], [[10], [3]]);
  assert.deepEqual(press(press(start, "Enter"), "Escape").steps, []);
  assert.equal(press(start, "l").loop, true);
  assert.equal(press(start, "P").presenter, true);
  assert.equal(press(start, "2").focus, 1);
  assert.equal(press(start, "]").layer, 1);
  assert.equal(press(press(start, "]"), "[").layer, 0);
  for (const key of ["a", "3", "0", "Tab", "F5", "Unidentified", "\u00df", "constructor"]) {
    assert.equal(press(start, key), null, key);
  }
});

test("orders and values go round; a difference needs a ghost", () => {
  const orders = [];
  for (let state = start, i = 0; i < 3; i += 1) orders.push((state = press(state, "o")).order);
  assert.deepEqual(orders, ["activity", "cluster", "index"]);
  const values = (state) => Array.from({ length: 3 }, () => (state = press(state, "c")).values);
  assert.deepEqual(values(start), ["change", "raw", "change"]);
  assert.deepEqual(values(initialState({ ...SHAPE, ghost: true })), ["change", "difference", "raw"]);
});

test("up and down walk the rows as they are drawn, and stop at the ends", () => {
  assert.equal(press(start, "ArrowDown").unit, 4);
  assert.equal(press(start, "ArrowUp").unit, 2);
  const order = Uint16Array.of(4, 0, 3, 1, 2);
  const walk = (key) => {
    const seen = [];
    const fallback = { unit: 3, order };
    for (let state = start, i = 0; i < 4; i += 1) seen.push((state = press(state, key, false, fallback)).unit);
    return seen;
  };
  assert.deepEqual(walk("ArrowDown"), [1, 2, 2, 2]);
  assert.deepEqual(walk("ArrowUp"), [0, 4, 4, 4]);
});

test("several units are pinned without a pointer: walk, enter, walk, enter", () => {
  let state = start;
  for (const key of ["ArrowDown", "Enter", "ArrowUp", "ArrowUp", "Enter"]) state = press(state, key);
  assert.deepEqual(state.units, [4, 2]);
});

test("shift and the arrows brush", () => {
  const state = press(press(start, "ArrowRight", true), "ArrowRight", true);
  assert.deepEqual([state.span, state.step], [[10, 12], 12]);
  assert.equal(press(state, "Escape").span, null);
});

test("plus and minus zoom around the cursor", () => {
  const closer = press(start, "+");
  assert.deepEqual([closer.window.count, closer.window.first <= 10], [14, true]);
  assert.deepEqual(press(closer, "-").window, { first: 0, count: 28 });
});
