// A view behind the # of an address. Oracle: the vectors that Python reads too.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { hashOfView, viewOfHash } from "../../rnnviz/theatre/web/page/hash.js";
import { DEFAULT_VIEW } from "../../rnnviz/theatre/web/shared/view.js";

const vectors = JSON.parse(readFileSync(new URL("./addresses.json", import.meta.url), "utf8"));

test("every view survives the way into the hash and back", () => {
  for (const { view } of vectors) {
    const whole = { ...DEFAULT_VIEW, ...view };
    assert.deepEqual(viewOfHash(hashOfView(view)), whole);
  }
  assert.ok(vectors.length > 10);
});

test("a hash without a version asks for nothing, and one with it for a whole view", () => {
  assert.equal(viewOfHash(""), null);
  assert.equal(viewOfHash("#top"), null);
  assert.equal(viewOfHash("#layer=2"), null);
  assert.deepEqual(viewOfHash("#v=2"), { ...DEFAULT_VIEW });
  assert.equal(hashOfView({}), "#v=2");
  assert.deepEqual(viewOfHash("#v=2&units=37.90&order=%3Cscript%3E").units, [37, 90]);
});
