import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { initialState, reduce } from "../../rnnviz/theatre/web/stage/state.js";
import { TOUR, Tour } from "../../rnnviz/theatre/web/stage/tour.js";

const SHAPE = {
  steps: 28,
  layers: 1,
  units: [9],
  twoWay: false,
  signals: ["forget_gate", "hidden"],
  ghost: false,
  readings: 1,
};
const start = initialState(SHAPE);
const isDone = (card, event, before = start) => TOUR[card].done(before, reduce(before, event), event);

// As much of a document as a card needs.
class FakeNode {
  constructor() {
    this.children = [];
    this.attributes = {};
    this.text = "";
    this.hidden = false;
    const names = new Set();
    this.classList = { add: (name) => names.add(name), remove: (name) => names.delete(name), names };
  }
  append(...nodes) {
    this.children.push(...nodes.filter((node) => node instanceof FakeNode));
    this.text += nodes.filter((node) => typeof node === "string").join("");
  }
  replaceChildren(...nodes) {
    this.children = nodes;
  }
  setAttribute(name, value) {
    this.attributes[name] = value;
  }
  contains(node) {
    return node === this || this.children.some((child) => child.contains(node));
  }
  find(name) {
    if (this.attributes.class === name) return this;
    return this.children.map((child) => child.find(name)).find(Boolean);
  }
  get textContent() {
    return this.text;
  }
  set textContent(text) {
    this.text = text;
  }
}

let kept;
beforeEach(() => {
  kept = new Map();
  globalThis.window = {
    localStorage: { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value) },
  };
  globalThis.document = { createElement: () => new FakeNode(), activeElement: null };
  mock.timers.enable({ apis: ["setTimeout"] });
});
afterEach(() => {
  mock.timers.reset();
  delete globalThis.window;
  delete globalThis.document;
});

test("six cards, each with a title and a text of a few lines", () => {
  assert.equal(TOUR.length, 6);
  for (const { title, text } of TOUR) assert.ok(title.length < 50 && text.length > 60 && text.length < 230, title);
});

test("each card notices its own gesture and no other", () => {
  const gestures = [
    { type: "move", by: -1 },
    { type: "play" },
    { type: "hover", step: 3, unit: 4, panel: "forget_gate" },
    { type: "pin", step: 3, unit: 4 },
    { type: "span", first: 3, last: 6 },
    { type: "readings" },
  ];
  TOUR.forEach((_, card) => {
    gestures.forEach((gesture, own) => assert.equal(isDone(card, gesture), card === own, `${card} ${gesture.type}`));
  });
});

test("a gesture that changes nothing, or misses, is not done", () => {
  assert.equal(isDone(0, { type: "move", by: 1 }), false);
  assert.equal(isDone(0, { type: "tick" }, reduce(start, { type: "play" })), false);
  assert.equal(isDone(2, { type: "hover", step: 3, unit: null, panel: "prediction" }), false);
  assert.equal(isDone(2, { type: "unit", unit: 3 }), true);
  const pinned = reduce(start, { type: "pin", step: 3, unit: 4 });
  assert.equal(isDone(3, { type: "pin", step: 3, unit: 4 }, pinned), false);
  assert.equal(isDone(3, { type: "pin", step: 5, unit: null }), false);
  assert.equal(isDone(4, { type: "span", first: 3, last: 3 }), false);
});

function opened(options) {
  const node = new FakeNode();
  const tour = new Tour(node, options);
  tour.start();
  const read = (name) => node.find(name).textContent;
  const act = (event, before = start) => tour.notice(before, reduce(before, event), event);
  return { node, tour, read, act };
}

test("it says where it is, marks what was done, and moves on by itself", () => {
  const { node, tour, read, act } = opened();
  assert.deepEqual([node.hidden, read("tour-count"), read("tour-check")], [false, "1 of 6", ""]);
  act({ type: "play" });
  assert.equal(read("tour-check"), "");
  act({ type: "move", by: -1 });
  assert.equal(read("tour-check"), "\u2713 Done");
  act({ type: "move", by: -1 });
  mock.timers.tick(1199);
  assert.equal(read("tour-count"), "1 of 6");
  mock.timers.tick(1);
  assert.deepEqual([read("tour-count"), read("tour-title"), read("tour-check")], ["2 of 6", TOUR[1].title, ""]);
  assert.ok(tour.active);
});

test("a pointer that only passes over a gate has not read its words", () => {
  const { tour, read, act } = opened();
  tour.start(2);
  const hover = { type: "hover", step: 3, unit: 4, panel: "forget_gate" };
  act(hover);
  mock.timers.tick(300);
  act({ type: "leave" });
  mock.timers.tick(2000);
  act(hover);
  act({ type: "hover", step: 3, unit: null, panel: "prediction" });
  mock.timers.tick(2000);
  assert.equal(read("tour-check"), "");
  act(hover);
  mock.timers.tick(300);
  act(hover);
  mock.timers.tick(300);
  assert.equal(read("tour-check"), "\u2713 Done");
});

test("next passes over a card; after the last one it is over for good", () => {
  const ended = [];
  const { node, tour, read } = opened({ onSkip: (hadFocus) => ended.push(hadFocus) });
  for (let card = 0; card < 5; card += 1) node.find("tour-next").onclick();
  assert.deepEqual([read("tour-count"), read("tour-next")], ["6 of 6", "Finish"]);
  document.activeElement = node.find("tour-next");
  node.find("tour-next").onclick();
  assert.deepEqual([node.hidden, tour.active, Tour.wanted(), ended], [true, false, false, [true]]);
});

test("skip ends it for good, the Tour button brings it back", () => {
  const { node, tour, read } = opened();
  assert.equal(Tour.wanted(), true);
  node.find("tour-skip").onclick();
  assert.deepEqual([node.hidden, Tour.wanted()], [true, false]);
  tour.start(0);
  assert.deepEqual([node.hidden, read("tour-count"), Tour.wanted()], [false, "1 of 6", false]);
});

test("a visit that breaks off goes on with the same card", () => {
  opened().node.find("tour-next").onclick();
  assert.equal(opened().read("tour-count"), "2 of 6");
  kept.set("rnnviz.tour", "nonsense");
  assert.equal(opened().read("tour-count"), "1 of 6");
});

test("where nothing can be remembered it comes only when asked, and never fails", () => {
  Object.defineProperty(globalThis.window, "localStorage", {
    get() {
      throw new Error("denied");
    },
  });
  assert.equal(Tour.wanted(), false);
  const { node, read } = opened();
  assert.equal(read("tour-count"), "1 of 6");
  node.find("tour-skip").onclick();
  assert.equal(node.hidden, true);
});
