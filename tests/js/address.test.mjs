// Oracles: the vectors that rnnviz/theatre/view.py is tested with as well, and that an address gives its view back.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { viewOf, viewSearch } from "../../rnnviz/theatre/web/stage/address.js";
import { DEFAULT_VIEW, readView } from "../../rnnviz/theatre/web/shared/view.js";

const vectors = JSON.parse(readFileSync(new URL("./addresses.json", import.meta.url), "utf-8"));

const FULL = {
  layer: 1,
  direction: "both",
  step: 11,
  steps: [4, 11],
  units: [37, 90],
  order: "cluster",
  values: "change",
  span: [4, 8],
  threshold: 0.45,
  brush: "cell",
  hidden: ["input", "forget_gate"],
  prediction: "area",
  arrangement: "stacked",
  loop: true,
  speed: 0.25,
  presenter: true,
  focus: 2,
  tint: "unit:cell",
};

test("every vector gives its view, nonsense the default", () => {
  assert.ok(vectors.length >= 30);
  for (const { query, view } of vectors) {
    assert.deepEqual(viewOf(query), { ...DEFAULT_VIEW, ...view }, query.slice(0, 80));
  }
});

test("whatever the address says, writing the view that was read changes it no more", () => {
  for (const { query } of vectors) {
    const view = viewOf(query);
    const clean = viewSearch("", view);
    assert.deepEqual(viewOf(clean), view, query.slice(0, 80));
    assert.equal(viewSearch(clean, view), clean);
  }
});

test("a full view is written as Python writes it, and nothing when all is default", () => {
  assert.equal(
    viewSearch("", FULL),
    "?v=2&layer=2&dir=both&step=12&steps=5.12&units=37.90&order=cluster&as=change&span=5-9&on=0.45" +
      "&brush=cell&hide=input.forget_gate&prob=area&lay=stacked&loop=1&speed=0.25&big=1&focus=3&tint=unit%3Acell",
  );
  assert.deepEqual(viewOf(viewSearch("", FULL)), FULL);
  assert.equal(viewSearch("", DEFAULT_VIEW), "");
  assert.equal(viewSearch("?v=2&layer=2&unit=3", DEFAULT_VIEW), "");
});

test("words of others stay, also when they come twice or are named like what every object has", () => {
  const view = { ...DEFAULT_VIEW, layer: 1 };
  assert.equal(viewSearch("?cell=gru&image=a-_b&layer=9", view), "?v=2&cell=gru&image=a-_b&layer=2");
  assert.equal(viewSearch("?a=1&a=2&toString=3", view), "?v=2&a=1&a=2&toString=3&layer=2");
  assert.equal(viewSearch("?cell=gru&units=x", DEFAULT_VIEW), "?v=2&cell=gru");
});

test("an address that says it all in another order is left alone, so that nothing is added to the history", () => {
  const search = "?layer=2&cell=gru&v=2";
  assert.equal(viewSearch(search, { ...DEFAULT_VIEW, layer: 1 }), search);
});

test("a view from anywhere has every field, and only values that make sense", () => {
  for (const nonsense of [null, undefined, 3, "layer", [], { layer: "1", units: [1, -2], span: [9, 5], loop: 1 }]) {
    assert.deepEqual(readView(nonsense), { ...DEFAULT_VIEW });
  }
  assert.deepEqual(readView({ ...FULL, colour: "red" }), FULL);
  assert.deepEqual(readView({ units: [3, 3, 4], threshold: 0.456 }).units, [3, 4]);
  assert.equal(readView({ threshold: 0.456 }).threshold, 0.46);
  assert.equal(readView(JSON.parse('{"__proto__": {"layer": 1}}')).layer, 0);
});
