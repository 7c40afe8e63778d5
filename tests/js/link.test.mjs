import assert from "node:assert/strict";
import { test } from "node:test";

import { copiedSentence } from "../../rnnviz/theatre/web/stage/link.js";

const TEXT = { what: "your text", words: { own: "eJw" }, owned: ["text", "own"], version: "2", is_in: false };

test("what is said names what the link carries and who sees it", () => {
  assert.equal(copiedSentence(true, null, true), "Link copied.");
  assert.match(copiedSentence(true, TEXT, true), /with your text\. Everybody who has the link can read it/);
  assert.match(copiedSentence(true, { ...TEXT, is_in: true }, true), /with your text/);
  assert.match(copiedSentence(true, TEXT, false), /without your text\. People who open it elsewhere see the example/);
  for (const withheld of [null, TEXT]) assert.match(copiedSentence(false, withheld, true), /could not be copied/);
});
