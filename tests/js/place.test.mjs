import assert from "node:assert/strict";
import { test } from "node:test";

import { mixWords } from "../../rnnviz/theatre/morph.js";
import { placedSearch, saysTheSame } from "../../rnnviz/theatre/place.js";

const OWNED = ["cell", "sample", "pin"];
const placed = (search, words) => placedSearch(search, OWNED, words, "2");

test("the page's words are put first and all others stay", () => {
  assert.equal(placed("", { cell: "gru" }), "?v=2&cell=gru");
  assert.equal(placed("?v=2&layer=2&cell=rnn&pin=3", { sample: "7", cell: "gru" }), "?v=2&cell=gru&sample=7&layer=2");
  assert.equal(placed("?embed=true&layer=2", {}), "?v=2&embed=true&layer=2");
});

test("an address that says nothing says no version either", () => {
  assert.equal(placed("?v=2&cell=gru", {}), "");
});

test("a word that is said twice by others is said twice again", () => {
  assert.equal(placed("?embed_options=a&embed_options=b", {}), "?v=2&embed_options=a&embed_options=b");
});

test("two searches say the same whatever their order and version", () => {
  assert.ok(saysTheSame("?v=2&cell=gru&layer=2", "?layer=2&cell=gru"));
  assert.ok(saysTheSame("", "?v=2"));
  assert.ok(!saysTheSame("?cell=gru", "?cell=rnn"));
  assert.ok(!saysTheSame("?cell=gru", "?cell=gru&layer=2"));
});

test("a mix is named by what it is made of", () => {
  const names = ["sample 8, labelled 3", "your drawing"];
  assert.equal(mixWords(0, names), "only the pinned digit: sample 8, labelled 3");
  assert.equal(mixWords(100, names), "only this digit: your drawing");
  assert.equal(mixWords(40, names), "60 % pinned digit and 40 % this digit, mixed pixel by pixel");
});
