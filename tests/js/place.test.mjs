import assert from "node:assert/strict";
import { test } from "node:test";

import { mixWords } from "../../rnnviz/theatre/web/morph/morph.js";
import mountPlace, { saysTheSame } from "../../rnnviz/theatre/web/address/place.js";
import { placedSearch } from "../../rnnviz/theatre/web/shared/search.js";

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

// A browser's address and history, as far as a place needs them.
function browser(address) {
  const url = new URL(address, "http://here");
  const { pathname, search } = url;
  const entries = [pathname + search];
  const go = (address, entry) => {
    entry(address);
    Object.assign(window.location, { pathname: address.split("?")[0], search: address.slice(address.split("?")[0].length) });
  };
  globalThis.window = {
    location: { pathname, search, hash: "" },
    history: {
      state: null,
      pushState: (state, title, to) => go(to, (to) => entries.push(to)),
      replaceState: (state, title, to) => go(to, (to) => entries.splice(-1, 1, to)),
    },
    addEventListener() {},
    removeEventListener() {},
  };
  return entries;
}

function say(parentElement, words, choice) {
  const data = { owned: OWNED, words, version: "2", choice, heard: 0, ask: null, after: 0 };
  return mountPlace({ data, parentElement, setStateValue() {} });
}

test("a choice is an entry, what a page adds to the address by which it was reached is none", () => {
  const train = {};
  const entries = browser("/train");
  const leave = say(train, { cell: "gru" }, 3);
  assert.deepEqual(entries, ["/train?v=2&cell=gru"]);
  say(train, { cell: "rnn" }, 4);
  say(train, { cell: "rnn", pin: "1" }, 4);
  assert.deepEqual(entries, ["/train?v=2&cell=gru", "/train?v=2&cell=rnn&pin=1"]);
  leave();
  window.history.pushState({}, "", "/digits?run=x");
  const digits = {};
  say(digits, { cell: "lstm" }, 1);
  assert.deepEqual(entries.slice(2), ["/digits?v=2&cell=lstm&run=x"]);
  say(digits, { cell: "gru" }, 2);
  assert.equal(entries.length, 4);
});
