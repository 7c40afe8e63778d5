import assert from "node:assert/strict";
import { test } from "node:test";

import { unpack } from "../../rnnviz/theatre/web/shared/unpack.js";

test("bytes and plain values both come out as values", () => {
  const given = { label: "é", list: [1, null] };
  assert.deepEqual(unpack(new TextEncoder().encode(JSON.stringify(given))), given);
  assert.equal(unpack(given), given);
});
