import assert from "node:assert/strict";
import { test } from "node:test";

import { placeOf } from "../../rnnviz/theatre/web/scrubber/scrubber.js";

test("a step stands at its place, or at that of the last one before it", () => {
  const steps = [1, 2, 4, 8];
  assert.deepEqual([0, 1, 2, 3, 4, 7, 8, 9].map((step) => placeOf(step, steps)), [0, 0, 1, 1, 2, 2, 3, 3]);
  assert.equal(placeOf(5, []), 0);
});
