import assert from "node:assert/strict";
import { test } from "node:test";

import { countSentence, countWords } from "../../rnnviz/theatre/scribe.js";

test("words and characters are counted as a person counts them", () => {
  assert.deepEqual(countWords(""), { words: 0, characters: 0 });
  assert.deepEqual(countWords("  not  bad\nat all "), { words: 4, characters: 18 });
  assert.deepEqual(countWords("😀 ok"), { words: 2, characters: 4 });
});

test("the count is a sentence", () => {
  assert.equal(countSentence({ words: 1, characters: 1 }), "1 word, 1 character");
  assert.equal(countSentence({ words: 0, characters: 12345 }), "0 words, 12,345 characters");
});

test("a megabyte is counted in no time", () => {
  const start = performance.now();
  assert.equal(countWords("a good film ".repeat(90000)).words, 270000);
  assert.ok(performance.now() - start < 1000);
});
