import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { nextTurn, turnOf, Turns, turnsOf } from "../../rnnviz/theatre/web/shared/turns.js";

const CASES = JSON.parse(readFileSync(new URL("turns.json", import.meta.url), "utf8"));

for (const { of, own, fill, stamp, met } of CASES.browser) {
  test(of, () => {
    const turns = new Turns({ own, fill });
    assert.equal(turns.meet(stamp), met);
    assert.equal(turns.fill, Math.max(fill, stamp.fill));
    assert.equal(turns.own, own);
    assert.equal(turns.meet(stamp), "known", "nothing is met twice");
  });
}

for (const { of, steps } of CASES.stories) {
  test(`the browser's part of: ${of}`, () => {
    const turns = new Turns();
    for (const step of steps) {
      if (step.acts) turns.act(step.acts);
      if (step.tells) assert.deepEqual(turns.stamp(), step.tells);
      if (step.meets) assert.equal(turns.meet(step.meets), step.met);
    }
  });
}

test("acts are counted in one row, whatever they are done with", () => {
  const [box, list] = [turnsOf("box"), turnsOf("list")];
  assert.equal(turnsOf("box"), box);
  box.act();
  list.act();
  box.act();
  assert.ok(box.own === list.own + 1 && nextTurn() === box.own + 1);
});

test("an event is one act for all that hear of it", () => {
  const event = {};
  const turn = turnOf(event);
  assert.equal(turnOf(event), turn);
  assert.equal(turnOf({}), turn + 1);
});

test("what Python shows is of now when it has heard of everything", () => {
  const turns = new Turns({ own: 5 });
  assert.ok(turns.isAnswered({ heard: 5 }) && !turns.isAnswered({ heard: 4 }));
});

test("what was done and not told is known", () => {
  const turns = new Turns();
  assert.ok(!turns.isUntold);
  turns.act(3);
  assert.ok(turns.isUntold);
  turns.stamp();
  assert.ok(!turns.isUntold);
});
