import assert from "node:assert/strict";
import { test } from "node:test";

import {
  addressSearch,
  adoptReading,
  committed,
  initialState,
  keyAction,
  lookedAt,
  reduce,
} from "../../rnnviz/theatre/state.js";

const sizes = { steps: 28, units: [128, 128] };
const run = (state, ...actions) => actions.reduce(reduce, state);

test("it opens on the last step, with nothing pinned", () => {
  const state = initialState(sizes);
  assert.equal(state.step, 27);
  assert.deepEqual(committed(state), { layer: 0, step: null, unit: null });
});

test("a view that makes no sense is brought into range", () => {
  const state = initialState(sizes, { layer: 9, step: -4, unit: 999 });
  assert.deepEqual([state.layer, state.step, state.pinnedUnit], [1, 0, null]);
});

test("steps stop at both ends", () => {
  const start = initialState(sizes);
  assert.equal(run(start, { type: "move", by: 1 }).step, 27);
  assert.equal(run(start, { type: "seek", step: 0 }, { type: "move", by: -1 }).step, 0);
});

test("playing starts over at the end, ticks to the end and stops there", () => {
  let state = reduce(initialState(sizes), { type: "play" });
  assert.equal(state.step, 0);
  for (let i = 0; i < 27; i += 1) state = reduce(state, { type: "tick" });
  assert.deepEqual([state.step, state.playing], [27, false]);
  assert.equal(reduce(state, { type: "tick" }), state);
});

test("hovering previews without moving the cursor, and pauses", () => {
  const state = run(initialState(sizes), { type: "play" }, { type: "hover", step: 5, unit: 7, panel: "hidden" });
  assert.deepEqual(lookedAt(state, 1), { step: 5, unit: 7 });
  assert.deepEqual([state.step, state.playing], [0, false]);
  assert.deepEqual(lookedAt(reduce(state, { type: "leave" }), 1), { step: 0, unit: 1 });
});

test("a click pins step and unit, the same click unpins, escape clears", () => {
  const pinned = reduce(initialState(sizes), { type: "pin", step: 11, unit: 37 });
  assert.deepEqual(committed(pinned), { layer: 0, step: 11, unit: 37 });
  assert.equal(pinned.step, 11);
  assert.deepEqual(committed(reduce(pinned, { type: "pin", step: 11, unit: 37 })), committed(initialState(sizes)));
  assert.deepEqual(committed(reduce(pinned, { type: "clear" })), committed(initialState(sizes)));
});

test("a click on a panel without units pins the step and keeps the unit", () => {
  const state = run(initialState(sizes), { type: "pin", step: 1, unit: 5 }, { type: "pin", step: 2, unit: null });
  assert.deepEqual(committed(state), { layer: 0, step: 2, unit: 5 });
});

test("pins survive a new reading when they still make sense", () => {
  const state = run(initialState(sizes), { type: "pin", step: 20, unit: 100 }, { type: "layer", layer: 1 });
  const same = adoptReading(state, sizes);
  assert.deepEqual(committed(same), { layer: 1, step: 20, unit: 100 });
  const smaller = adoptReading(state, { steps: 10, units: [64] });
  assert.deepEqual(committed(smaller), { layer: 0, step: null, unit: null });
  assert.equal(smaller.step, 9);
});

test("a signal that was turned off stays off while readings come and go", () => {
  const off = (name) => ({ type: "signal", name });
  const state = reduce(initialState(sizes), off("forget_gate"));
  assert.deepEqual(adoptReading(adoptReading(state, sizes), sizes).muted, ["forget_gate"]);
  assert.deepEqual(reduce(state, off("forget_gate")).muted, []);
});

test("every promised key does what the legend says, others are left alone", () => {
  const state = run(initialState(sizes), { type: "seek", step: 10 });
  assert.equal(reduce(state, keyAction("ArrowRight", state, 3)).step, 11);
  assert.equal(reduce(state, keyAction("ArrowLeft", state, 3)).step, 9);
  assert.equal(reduce(state, keyAction("Home", state, 3)).step, 0);
  assert.equal(reduce(state, keyAction("End", state, 3)).step, 27);
  assert.equal(reduce(state, keyAction("ArrowDown", state, 3)).pinnedUnit, 4);
  assert.equal(reduce(state, keyAction("ArrowUp", state, 0)).pinnedUnit, 0);
  assert.equal(reduce(state, keyAction(" ", state, 3)).playing, true);
  assert.deepEqual(committed(reduce(state, keyAction("Enter", state, 3))), { layer: 0, step: 10, unit: 3 });
  assert.equal(keyAction("a", state, 3), null);
});

test("the address carries what differs from the default and leaves other words alone", () => {
  const state = run(initialState(sizes), { type: "pin", step: 11, unit: 37 }, { type: "layer", layer: 1 });
  assert.equal(addressSearch("?cell=gru", state), "?cell=gru&layer=2&step=12&unit=37");
  assert.equal(addressSearch("?cell=gru&step=3&layer=9&unit=x", initialState(sizes)), "?cell=gru");
  assert.equal(addressSearch("", initialState(sizes)), "");
});
