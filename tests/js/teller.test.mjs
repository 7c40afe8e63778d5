import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { Teller } from "../../rnnviz/theatre/web/shared/teller.js";
import { Turns } from "../../rnnviz/theatre/web/shared/turns.js";

// Python, as far as a teller sees it: what it was told, and what it hands over when it has heard that.
function told() {
  const said = [];
  const turns = new Turns();
  const teller = new Teller(turns, "mix");
  const send = (name, words) => said.push([name, words.at, words.turn]);
  teller.meet({ heard: 0 }, send);
  return { said, turns, teller, hears: () => teller.meet({ heard: said.at(-1)[2] }, send) };
}

test("the newest is told when the last was heard, and what lies between is left out", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const { said, teller, turns, hears } = told();
  for (const at of [1, 2, 3]) teller.act({ at });
  assert.equal(said.length, 1);
  hears();
  assert.deepEqual(said.map(([, at]) => at), [1, 3]);
  assert.ok(!turns.isUntold);
  hears();
  assert.equal(said.length, 2, "nothing is told twice");
  teller.act({ at: 4 });
  assert.deepEqual(said.map(([, at]) => at), [1, 3, 4]);
  const numbers = said.map(([, , turn]) => turn);
  assert.deepEqual([...numbers].sort((a, b) => a - b), numbers);
  teller.destroy();
  mock.timers.reset();
});

test("an answer that is lost holds up nothing", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const { said, teller } = told();
  teller.act({ at: 1 });
  teller.act({ at: 2 });
  mock.timers.tick(799);
  assert.equal(said.length, 1);
  mock.timers.tick(1);
  assert.deepEqual(said.map(([, at]) => at), [1, 2]);
  teller.destroy();
  mock.timers.reset();
});

test("what was not told when a page was laid out anew is behind", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const { teller, turns } = told();
  teller.act({ at: 1 });
  assert.ok(!teller.isBehind);
  teller.act({ at: 2 });
  teller.destroy();
  assert.ok(!teller.isBehind, "it waits");
  assert.ok(new Teller(turns, "mix").isBehind);
  mock.timers.reset();
});
