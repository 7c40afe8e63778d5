// What a text is made of on the screen. Oracle: the parts join to the text, whatever it holds.

import assert from "node:assert/strict";
import { test } from "node:test";

import { characterName, textParts, withoutMargins } from "../../rnnviz/theatre/web/shared/characters.js";

const named = (text) => textParts(text).filter(({ name }) => name !== null);

test("plain text is one part, whatever its script", () => {
  for (const text of ["not bad", "Z\u00fcrich", "\u0645\u0631\u062d\u0628\u0627", "\u05e9\u05dc\u05d5\u05dd", "\u65e5\u672c", "a\tb\nc\r\nd", "<b>&amp;"]) {
    assert.deepEqual(textParts(text), [{ text, name: null }]);
  }
  assert.deepEqual(textParts(""), []);
});

test("what turns the text around or has no width is named", () => {
  const names = named("\u202eevil\u202c zero\u200bwidth \ufeff\u0000\u00ad").map(({ name }) => name);
  assert.deepEqual(names, [
    "U+202E, right-to-left override",
    "U+202C, end of a turn of direction",
    "U+200B, zero-width space",
    "U+FEFF, byte order mark, or zero-width no-break space",
    "U+0000, control character",
    "U+00AD, soft hyphen",
  ]);
  assert.equal(characterName("\ue000"), "U+E000");
});

test("a joiner within a word or an emoji does its work in silence", () => {
  assert.deepEqual(named("\u{1f468}\u200d\u{1f469}\u200d\u{1f467}"), []);
  assert.deepEqual(named("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"), []);
  assert.equal(named("\u200dalone").length, 1);
  assert.equal(named("end\u200d").length, 1);
});

test("nothing is lost: the parts and the margins join to the text", () => {
  let state = 7;
  const random = (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state % below;
  };
  const alphabet = [..."ab \t\n\r", "\u202e", "\u200b", "\u200d", "\u{1f600}", "\ud800", "\u0000", "\u0301", "\u05d0", "\u{e0067}"];
  for (let i = 0; i < 2000; i += 1) {
    const text = Array.from({ length: random(9) }, () => alphabet[random(alphabet.length)]).join("");
    assert.equal(textParts(text).map((part) => part.text).join(""), text);
    const { before, word, after } = withoutMargins(text);
    assert.equal(before + word + after, text);
    assert.ok(word === "" || word === text || word === word.trim());
  }
});
