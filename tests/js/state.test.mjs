import assert from "node:assert/strict";
import { test } from "node:test";

import { decodeReading } from "../../rnnviz/theatre/web/shared/decode.js";
import {
  adoptReadings,
  commitMessage,
  committed,
  initialState,
  lasting,
  lookedAt,
  reduce,
  shapeOf,
  viewOfState,
} from "../../rnnviz/theatre/web/stage/state.js";
import { DEFAULT_VIEW, VIEW_CHECKS } from "../../rnnviz/theatre/web/shared/view.js";
import { gate, haunted, randomPayload, signed, smallPayload } from "./reading.mjs";

const SIGNALS = ["input_gate", "forget_gate", "candidate", "cell", "output_gate", "hidden"];
const SHAPE = { steps: 28, layers: 2, units: [128, 128], twoWay: false, signals: SIGNALS, ghost: false, readings: 1 };
const shape = (changes) => ({ ...SHAPE, ...changes });
const run = (state, ...actions) => actions.reduce(reduce, state);
const act = (type, rest = {}) => ({ type, ...rest });

test("the shape of readings shown together holds the most of each", () => {
  const cell = { ...signed, name: "cell" };
  const small = decodeReading(randomPayload({ steps: 5, units: 3, layers: 2, signals: [signed] }));
  const wide = decodeReading(randomPayload({ steps: 5, units: 9, signals: [signed, cell, gate], twoWay: true }));
  assert.deepEqual(shapeOf([small, wide]), {
    steps: 5,
    layers: 2,
    units: [9, 3],
    twoWay: true,
    signals: ["forget_gate", "cell", "hidden"],
    ghost: false,
    readings: 2,
  });
  assert.equal(shapeOf([decodeReading(haunted())]).ghost, true);
});

test("it opens on the last step with nothing chosen, and a view comes back as it went in", () => {
  const state = initialState(SHAPE);
  assert.equal(state.step, 27);
  assert.deepEqual(viewOfState(state), { ...DEFAULT_VIEW });
  const chosen = { layer: 1, step: 3, steps: [4, 2], units: [7], span: [1, 2], hidden: ["cell"], speed: 2 };
  const view = { ...DEFAULT_VIEW, ...chosen };
  assert.deepEqual(viewOfState(initialState(SHAPE, view)), view);
});

test("a view that makes no sense here is brought into range", () => {
  const wild = { layer: 9, step: 400, steps: [3, 28], units: [999, 5], span: [20, 40], focus: 2, direction: "both" };
  const state = initialState(SHAPE, { ...wild, values: "difference", brush: "reset_gate" });
  assert.deepEqual(viewOfState(state), { ...DEFAULT_VIEW, layer: 1, steps: [3], units: [5] });
});

test("steps stop at both ends", () => {
  const start = initialState(SHAPE);
  assert.equal(run(start, act("move", { by: 1 })), start);
  assert.equal(run(start, act("seek", { step: 0 }), act("move", { by: -1 })).step, 0);
  assert.equal(run(start, act("move", { by: -5 })).step, 22);
});

test("playing starts over at the end, ticks to the end and stops there; in a loop it goes on", () => {
  let state = reduce(initialState(SHAPE), act("play"));
  assert.equal(state.step, 0);
  for (let i = 0; i < 27; i += 1) state = reduce(state, act("tick"));
  assert.deepEqual([state.step, state.playing], [27, false]);
  assert.equal(reduce(state, act("tick")), state);
  state = run(initialState(SHAPE), act("loop"), act("seek", { step: 26 }), act("play"));
  const seen = Array.from({ length: 4 }, () => (state = reduce(state, act("tick"))).step);
  assert.deepEqual([seen, state.playing], [[27, 0, 1, 2], true]);
});

test("a single step has nothing to play, also in a loop", () => {
  const state = run(initialState(shape({ steps: 1 })), act("loop"), act("play"));
  assert.deepEqual([state.step, state.playing], [0, false]);
});

test("a loop that is switched off while it plays ends at the end", () => {
  const playing = run(initialState(SHAPE), act("loop"), act("seek", { step: 26 }), act("play"), act("tick"));
  const ended = run(playing, act("loop"), act("tick"));
  assert.deepEqual([playing.playing, ended.step, ended.playing], [true, 27, false]);
});

test("hovering previews without moving the cursor, and pauses", () => {
  const state = run(initialState(SHAPE), act("play"), act("hover", { step: 5, unit: 7, panel: "hidden" }));
  assert.deepEqual(lookedAt(state, 1), { step: 5, unit: 7 });
  assert.deepEqual([state.step, state.playing], [0, false]);
  assert.deepEqual(lookedAt(reduce(state, act("leave")), 1), { step: 0, unit: 1 });
});

test("the same hover twice is the same state, so nothing is painted again", () => {
  const hover = act("hover", { step: 5, unit: 7, panel: "hidden", reading: 1 });
  const state = run(initialState(SHAPE), hover);
  assert.equal(reduce(state, { ...hover }), state);
});

test("clicks pin several places, the same click unpins one", () => {
  const two = run(initialState(SHAPE), act("pin", { step: 11, unit: 37 }), act("pin", { step: 4, unit: 90 }));
  assert.deepEqual([two.steps, two.units, two.step], [[11, 4], [37, 90], 4]);
  const one = reduce(two, act("pin", { step: 11, unit: 37 }));
  assert.deepEqual([one.steps, one.units, one.step], [[4], [90], 4]);
  const other = run(two, act("pin", { step: 11, unit: 90 }), act("pin", { step: 11, unit: 5 }));
  assert.deepEqual([other.steps, other.units], [[4, 11], [37, 5]]);
});

test("a click on a panel without units pins the step alone", () => {
  const state = run(initialState(SHAPE), act("pin", { step: 1, unit: 5 }), act("pin", { step: 2, unit: null }));
  assert.deepEqual([state.steps, state.units], [[1, 2], [5]]);
  assert.deepEqual(reduce(state, act("pin", { step: 2, unit: null })).steps, [1]);
});

test("a ninth pin takes the place of the oldest", () => {
  const pins = Array.from({ length: 9 }, (_, i) => act("pin", { step: i, unit: 10 * i }));
  const state = run(initialState(SHAPE), ...pins);
  assert.deepEqual(state.steps, [1, 2, 3, 4, 5, 6, 7, 8]);
  assert.deepEqual(state.units, [10, 20, 30, 40, 50, 60, 70, 80]);
});

test("pinStep, pinUnit and unpin say what they want, however often", () => {
  const state = run(initialState(SHAPE), act("pinStep", { step: 3 }), act("pinUnit", { unit: 7 }));
  assert.equal(run(state, act("pinStep", { step: 3 }), act("pinUnit", { unit: 7 })), state);
  const without = run(state, act("unpin", { step: 3 }), act("unpin", { unit: 7 }), act("unpin", { unit: 7 }));
  assert.deepEqual(viewOfState(without), { ...DEFAULT_VIEW });
});

test("a walk with every pin taken leaves the pins as they are, and is no entry of the history", () => {
  const full = run(initialState(SHAPE), ...[1, 2, 3, 4, 5, 6, 7, 8].map((unit) => act("pinUnit", { unit })));
  const walked = run(full, act("unit", { unit: 50 }));
  assert.deepEqual([lookedAt(walked, 0).unit, committed(walked).units], [50, [1, 2, 3, 4, 5, 6, 7, 8]]);
  const walking = run(initialState(SHAPE), act("pinUnit", { unit: 37 }), act("unit", { unit: 90 }));
  assert.deepEqual(lasting(walking).units, [37]);
  assert.deepEqual(lasting(run(walking, act("pinUnit", { unit: 90 }))).units, [37, 90]);
});

test("the unit that was walked to is looked at and counts as the latest pin; pinning it keeps it", () => {
  const walked = run(initialState(SHAPE), act("pinUnit", { unit: 37 }), act("unit", { unit: 90 }));
  assert.deepEqual([lookedAt(walked, 1).unit, walked.units, committed(walked).units], [90, [37], [37, 90]]);
  const kept = run(walked, act("pinUnit", { unit: 90 }), act("unit", { unit: 91 }));
  assert.deepEqual([kept.units, committed(kept).units], [[37, 90], [37, 90, 91]]);
  assert.deepEqual(committed(run(kept, act("unit", { unit: 37 }))).units, [90, 37]);
});

test("escape takes away the presenter's size, then the span, then the pins; hovering never stands in its way", () => {
  let state = run(
    initialState(SHAPE),
    act("pin", { step: 3, unit: 7 }),
    act("span", { first: 2, last: 5 }),
    act("presenter"),
    act("hover", { step: 1, unit: 1 }),
  );
  const seen = Array.from({ length: 4 }, () => {
    state = reduce(state, act("clear"));
    return [state.span !== null, state.presenter, state.units.length, state.hover];
  });
  assert.deepEqual(seen, [
    [true, false, 1, null],
    [false, false, 1, null],
    [false, false, 0, null],
    [false, false, 0, null],
  ]);
});

test("every choice survives a change of model and of digit", () => {
  const view = {
    layer: 1,
    direction: "both",
    step: 20,
    steps: [20, 4],
    units: [100, 3],
    order: "cluster",
    values: "difference",
    span: [4, 8],
    threshold: 0.4,
    brush: "cell",
    hidden: ["forget_gate"],
    prediction: "area",
    arrangement: "stacked",
    loop: true,
    speed: 4,
    presenter: true,
    focus: 1,
    tint: "mean:cell",
  };
  const both = shape({ twoWay: true, ghost: true, readings: 2 });
  const state = initialState(both, view);
  assert.deepEqual(viewOfState(adoptReadings(state, shape({ twoWay: true, ghost: true, readings: 3 }))), view);
});

test("a smaller reading drops only what makes no sense in it", () => {
  const start = initialState(shape({ ghost: true, readings: 3 }), {
    layer: 1,
    step: 20,
    steps: [4, 20],
    units: [100, 3],
    values: "difference",
    span: [4, 12],
    brush: "cell",
    hidden: ["forget_gate"],
    focus: 2,
  });
  const small = shape({ steps: 10, layers: 1, units: [64], signals: ["hidden"] });
  assert.deepEqual(viewOfState(adoptReadings(start, small)), {
    ...DEFAULT_VIEW,
    steps: [4],
    units: [3],
    hidden: ["forget_gate"],
  });
});

test("a cursor at the end stays at the end, another one stays where it is", () => {
  const longer = shape({ steps: 40 });
  assert.equal(adoptReadings(initialState(SHAPE), longer).step, 39);
  assert.equal(adoptReadings(initialState(SHAPE, { step: 5 }), longer).step, 5);
});

test("a layer with fewer units loses only the pins beyond it", () => {
  const state = initialState(shape({ units: [128, 64] }), { units: [100, 3] });
  assert.deepEqual(reduce(state, act("layer", { layer: 1 })).units, [3]);
  assert.deepEqual(run(state, act("layer", { layer: 7 })).layer, 1);
});

test("a panel is put away and brought back; unknown ones do not exist", () => {
  const state = run(initialState(SHAPE), act("panel", { id: "input" }), act("panel", { id: "cell" }));
  assert.deepEqual(state.hidden, ["input", "cell"]);
  assert.deepEqual(reduce(state, act("panel", { id: "input" })).hidden, ["cell"]);
  assert.equal(reduce(state, act("panel", { id: "toString" })), state);
});

test("a span is brushed in either direction, grows like a selection of text, and is taken away", () => {
  const at = (step) => initialState(SHAPE, { step });
  assert.deepEqual(run(at(0), act("span", { first: 9, last: 5 })).span, [5, 9]);
  assert.deepEqual(run(at(0), act("span", { first: 5, last: 99 })).span, [5, 27]);
  const grow = (by) => act("grow", { by });
  assert.deepEqual(run(at(5), grow(1), grow(1)).span, [5, 7]);
  assert.deepEqual(run(at(5), grow(1), grow(1), grow(-1), grow(-1), grow(-1)).span, [4, 5]);
  assert.deepEqual(run(at(0), grow(-1)).span, [0, 0]);
  assert.deepEqual(run(at(5), grow(5), act("seek", { step: 20 }), grow(1)).span, [20, 21]);
  assert.equal(run(at(5), grow(1), act("span", { first: null, last: null })).span, null);
});

test("a threshold stays between 0 and 1 and has two decimals", () => {
  const set = (threshold) => run(initialState(SHAPE), act("threshold", { threshold })).threshold;
  assert.deepEqual([0.456, "0.5", 7, -1, NaN, "x", undefined].map(set), [0.46, 0.5, 1, 0, 0.3, 0.3, 0.3]);
});

test("Python hears of choices; not of the cursor, the speed or the presenter's size", () => {
  const start = initialState(SHAPE);
  const moved = run(start, act("seek", { step: 3 }), act("speed", { speed: 4 }), act("presenter"), act("play"));
  assert.deepEqual(committed(moved), committed(start));
  assert.equal(commitMessage(moved).step, 3);
  assert.equal(commitMessage(start).step, null);
  const names = Object.keys(DEFAULT_VIEW).filter((name) => !["step", "speed", "presenter"].includes(name));
  assert.deepEqual(Object.keys(committed(start)), names);
  assert.notDeepEqual(committed(run(start, act("pinUnit", { unit: 2 }))), committed(start));
});

test("a view from the history is adopted whole", () => {
  const there = run(initialState(SHAPE), act("pin", { step: 3, unit: 7 }), act("unit", { unit: 9 }), act("play"));
  const back = reduce(there, act("adopt", { view: { ...DEFAULT_VIEW, units: [5] } }));
  assert.deepEqual(viewOfState(back), { ...DEFAULT_VIEW, units: [5] });
  assert.equal(back.playing, false);
});

const ODD = [undefined, null, NaN, Infinity, -Infinity, -1, 0.5, 1e9, "3", "", "x", {}, [], [1, 2], true, "__proto__"];
const ASKED = [...ODD, 0, 1, 2, "forward", "cell", "change"];
const FIELDS = ["step", "unit", "by", "at", "layer", "direction", "order", "values", "id", "prediction", "arrangement"];
const MORE = ["reading", "first", "last", "count", "threshold", "signal", "speed", "columns", "on", "view", "panel"];
const TYPES = "seek move tick play pause speed loop hover leave pin pinStep pinUnit unpin unit clear layer";
const REST = "direction order values panel prediction arrangement focus span grow threshold brush presenter";
const LAST = "window pan zoom room adopt";

// Oracle: the checks of view.js, and the shape.
function assertMakesSense(state, told) {
  for (const [name, check] of Object.entries(VIEW_CHECKS)) {
    assert.deepEqual(check(viewOfState(state)[name]), viewOfState(state)[name], `${told}: ${name}`);
  }
  const { shape: size, window, step } = state;
  assert.ok(Number.isInteger(step) && step >= 0 && step < size.steps, told);
  assert.ok(state.layer < size.layers && state.focus < size.readings, told);
  assert.ok(state.units.every((unit) => unit < size.units[state.layer]), told);
  assert.ok(state.steps.every((pinned) => pinned < size.steps), told);
  assert.ok(Number.isInteger(window.first) && Number.isInteger(window.count), told);
  assert.ok(window.first >= 0 && window.count >= 1 && window.first + window.count <= size.steps, told);
  const { hover, unit } = state;
  assert.ok(unit === null || (Number.isInteger(unit) && unit < size.units[state.layer]), told);
  assert.ok(hover === null || hover.step === null || hover.step < size.steps, told);
}

test("whatever is asked for, the state makes sense", () => {
  const sizes = [SHAPE, shape({ steps: 1, layers: 1, units: [1] }), shape({ steps: 2000, twoWay: true, readings: 3 })];
  let seed = 7;
  const pick = (list) => list[(seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) % list.length];
  for (const size of sizes) {
    let state = reduce(initialState(size), act("room", { columns: 100 }));
    for (const type of [...`${TYPES} ${REST} ${LAST} constructor __proto__`.split(" "), undefined]) {
      for (let round = 0; round < 40; round += 1) {
        const action = { type };
        for (const field of [...FIELDS, ...MORE]) action[field] = pick(ASKED);
        state = reduce(state, action);
        assertMakesSense(state, JSON.stringify(action));
      }
    }
    assertMakesSense(adoptReadings(state, SHAPE), "adopted");
  }
});
