// Oracle: the sentences of rnnviz/notation/signals.py (tests/theatre/test_sentences.py), word for word. The browser prints a true minus
// sign, and no minus before a zero.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { signalSentence } from "../../rnnviz/theatre/web/shared/words.js";

const { signals, sentences } = JSON.parse(readFileSync(new URL("./sentences.json", import.meta.url), "utf-8"));

test("a tip says what Python says", () => {
  assert.ok(sentences.length >= 100);
  for (const { signal, value, unit, step, step_word: word, sentence } of sentences) {
    const told = signalSentence(signals[signal], value, unit, step - 1, word);
    assert.equal(told, sentence.replace("-0.00", "0.00").replace("-", "\u2212"));
  }
});
