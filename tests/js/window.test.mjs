import assert from "node:assert/strict";
import { test } from "node:test";

import { initialState, reduce } from "../../rnnviz/theatre/web/stage/state.js";
import {
  changePerStep,
  decimated,
  fitWindow,
  followed,
  inWindow,
  overviewFrame,
  overviewX,
  panned,
  roomFor,
  windowAtFrame,
  wholeWindow,
  zoomed,
} from "../../rnnviz/theatre/web/shared/window.js";
import { decodeArray } from "../../rnnviz/theatre/web/shared/decode.js";
import { pack } from "./reading.mjs";

test("no column gets thinner than three pixels", () => {
  for (const width of [30, 300, 1000, 1917]) assert.ok(width / roomFor(width) >= 3);
  assert.deepEqual(wholeWindow(28, roomFor(900)), { first: 0, count: 28 });
  assert.deepEqual(wholeWindow(2000, roomFor(900)), { first: 0, count: 300 });
});

test("a window is always inside the sequence", () => {
  for (const first of [-50, 0, 7, 1990, 1e9, NaN]) {
    for (const count of [-1, 0, 1, 28, 300, 1e9, NaN, Infinity]) {
      for (const [steps, room] of [[1, 1], [5, 300], [2000, 300], [2000, 2]]) {
        const window = fitWindow({ first, count }, steps, room);
        assert.ok(window.first >= 0 && window.first + window.count <= steps && window.count >= 1);
        assert.ok(window.count <= room);
      }
    }
  }
});

test("the cursor pulls the window along, with something to come in sight", () => {
  const window = { first: 100, count: 80 };
  assert.equal(followed(window, 120, 2000), window);
  assert.deepEqual(followed(window, 180, 2000), { first: 111, count: 80 });
  assert.deepEqual(followed(window, 99, 2000), { first: 89, count: 80 });
  assert.deepEqual(followed(window, 1999, 2000), { first: 1920, count: 80 });
  assert.deepEqual(followed(window, 0, 2000), { first: 0, count: 80 });
});

test("stepping through all of a long sequence keeps the cursor in view", () => {
  let state = reduce(initialState({ ...SHAPE, steps: 500 }), { type: "room", columns: 60 });
  assert.ok(inWindow(state.window, 499));
  state = reduce(state, { type: "play" });
  for (let step = 0; step < 500; step += 1) {
    assert.deepEqual([state.step, inWindow(state.window, step), state.window.count], [step, true, 60]);
    state = reduce(state, { type: "tick" });
  }
});

test("a window brought away from the cursor stays there until the cursor moves", () => {
  const long = reduce(initialState({ ...SHAPE, steps: 2000 }), { type: "room", columns: 100 });
  const away = reduce(long, { type: "window", first: 300, count: 100 });
  const actions = [
    { type: "room", columns: 100 },
    { type: "values", values: "change" },
    { type: "pinUnit", unit: 2 },
    { type: "layer", layer: 0 },
    { type: "hover", step: 310, unit: 1, panel: "hidden" },
  ];
  for (const action of actions) {
    assert.deepEqual(reduce(away, action).window, { first: 300, count: 100 }, action.type);
  }
  assert.deepEqual(reduce(away, { type: "room", columns: 50 }).window, { first: 300, count: 50 });
  assert.ok(inWindow(reduce(away, { type: "move", by: -1 }).window, 1998));
  assert.ok(inWindow(reduce(long, { type: "room", columns: 50 }).window, 1999));
});

test("zooming keeps the place of the step it is about", () => {
  const steps = 2000;
  let window = { first: 800, count: 400 };
  for (let i = 0; i < 4; i += 1) {
    const share = (900.5 - window.first) / window.count;
    window = zoomed(window, 2, 900, steps);
    assert.ok(Math.abs((900.5 - window.first) / window.count - share) <= 1 / window.count);
  }
  assert.equal(window.count, 25);
  assert.deepEqual(zoomed(window, 1e-9, 900, steps, 300).count, 300);
  assert.equal(zoomed(window, NaN, 900, steps), window);
  assert.equal(zoomed(window, 0, 900, steps), window);
});

test("panning stops at both ends", () => {
  assert.deepEqual(panned({ first: 9, count: 8 }, 3, 20), { first: 12, count: 8 });
  assert.deepEqual(panned({ first: 10, count: 10 }, 99, 20), { first: 10, count: 10 });
  assert.deepEqual(panned({ first: 10, count: 10 }, -99, 20), { first: 0, count: 10 });
});

test("the frame on the overview leads back to its window", () => {
  for (const [first, count] of [[0, 40], [777, 40], [1960, 40], [0, 2000], [500, 1000]]) {
    const frame = overviewFrame({ first, count }, 2000, 900);
    assert.ok(frame.left >= 0 && frame.left + frame.width <= 900 + 1e-9 && frame.width >= 12);
    const back = windowAtFrame({ first: 3, count }, 2000, 900, frame.left);
    assert.ok(Math.abs(back.first - first) <= 1);
  }
  assert.deepEqual(windowAtFrame({ first: 0, count: 40 }, 2000, 900, 1e9), { first: 1960, count: 40 });
  assert.deepEqual([0, 512, 1023].map((step) => overviewX(step, 1024, 512)), [0.25, 256.25, 511.75]);
});

test("the strip shows the mean change of a step, and no peak is lost when it is thinned", () => {
  const hidden = decodeArray(pack([[0.5, -0.5], [0.5, 0.5], [0.5, 0.5]], -1, 1));
  const changes = changePerStep(hidden);
  [0.5, 0.5, 0].forEach((change, step) => assert.ok(Math.abs(changes[step] - change) < 1e-4));
  const backwards = changePerStep(hidden, "backward");
  [0.5, 0, 0.5].forEach((change, step) => assert.ok(Math.abs(backwards[step] - change) < 1e-4, `${step}`));
  const values = Float32Array.from({ length: 1000 }, (_, i) => (i === 777 ? 9 : i % 3));
  const thin = decimated(values, 90);
  assert.equal(thin.length, 90);
  assert.equal(Math.max(...thin), 9);
  assert.equal(thin[Math.floor((777 * 90) / 1000)], 9);
  assert.deepEqual([...decimated(values.subarray(0, 3), 90)], [0, 1, 2]);
});

const SHAPE = { steps: 28, layers: 1, units: [5], twoWay: false, signals: ["hidden"], ghost: false, readings: 1 };
