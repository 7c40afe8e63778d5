import assert from "node:assert/strict";
import { test } from "node:test";

import { countPoints, extendStroke, startStroke } from "../../rnnviz/theatre/web/canvas/strokes.js";

test("strokes are kept apart, with their pen, inside the board", () => {
  let strokes = startStroke([], "thick", [0.1, 0.2]);
  strokes = extendStroke(strokes, [0.5, 1.7]);
  strokes = startStroke(strokes, "thin", [-3, 0.5]);
  assert.deepEqual(strokes, [
    { pen: "thick", points: [[0.1, 0.2], [0.5, 1]] },
    { pen: "thin", points: [[0, 0.5]] },
  ]);
});

test("a point that hardly moved is dropped, and a drawing stops growing", () => {
  let strokes = startStroke([], "normal", [0.5, 0.5]);
  strokes = extendStroke(strokes, [0.501, 0.5]);
  assert.equal(countPoints(strokes), 1);
  for (let i = 0; i < 6000; i += 1) strokes = extendStroke(strokes, [i % 2, 0.5]);
  assert.equal(countPoints(strokes), 4000);
});

test("drawing changes nothing that was drawn before: undo only drops the last stroke", () => {
  const first = startStroke([], "normal", [0, 0]);
  const second = extendStroke(startStroke(first, "normal", [1, 1]), [0, 1]);
  assert.deepEqual(second.slice(0, -1), first);
});
