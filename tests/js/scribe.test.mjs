import assert from "node:assert/strict";
import { test } from "node:test";

import { countSentence, countWords } from "../../rnnviz/theatre/web/scribe/scribe.js";
import { assertInProportion } from "./growth.mjs";

test("words and characters are counted as a person counts them", () => {
  assert.deepEqual(countWords(""), { words: 0, characters: 0 });
  assert.deepEqual(countWords("  not  bad\nat all "), { words: 4, characters: 18 });
  assert.deepEqual(countWords("😀 ok"), { words: 2, characters: 4 });
});

test("the count is a sentence", () => {
  assert.equal(countSentence({ words: 1, characters: 1 }), "1 word, 1 character");
  assert.equal(countSentence({ words: 0, characters: 12345 }), "0 words, 12,345 characters");
});

test("a megabyte is counted, and its time grows with its length only", () => {
  const count = (times) => assert.equal(countWords("a good film ".repeat(times)).words, 3 * times);
  assertInProportion(count, 90000, 5625);
});
