// Oracle: the sentences, written out by hand.

import assert from "node:assert/strict";
import { test } from "node:test";

import { decodeReading } from "../../rnnviz/theatre/web/shared/decode.js";
import {
  announcement,
  brushSentence,
  leaderSentence,
  placeSentence,
  thresholdWords,
  tipText,
  valueWords,
  windowWords,
} from "../../rnnviz/theatre/web/shared/speech.js";
import { initialState, lookedAt, reduce, shapeOf } from "../../rnnviz/theatre/web/stage/state.js";
import {
  beyondWords,
  changeWords,
  differenceWords,
  digitsOf,
  grouped,
  howMany,
  listed,
  missingWords,
  shareNumber,
  signedNumber,
  spanWords,
  withArticle,
} from "../../rnnviz/theatre/web/shared/words.js";
import { gate, haunted, randomPayload, signed, smallPayload } from "./reading.mjs";

const reading = decodeReading(smallPayload());
const compared = decodeReading(haunted());
const bare = decodeReading(randomPayload({ steps: 2000, units: 3, twoWay: true }));
const place = (changes) => ({ layer: 0, direction: "forward", values: "raw", step: 1, unit: 1, ...changes });

test("counts, lists and spans are right in number", () => {
  assert.deepEqual([999, 1000, 12345, 1234567].map(grouped), ["999", "1,000", "12,345", "1,234,567"]);
  const counts = [0, 1, 2, 2000].map((count) => howMany(count, "value"));
  assert.deepEqual(counts, ["0 values", "1 value", "2 values", "2,000 values"]);
  assert.deepEqual([[], ["a"], ["a", "b"], ["a", "b", "c"]].map(listed), ["", "a", "a and b", "a, b and c"]);
  assert.deepEqual([spanWords([4, 8], "row"), spanWords([4, 4], "row")], ["rows 5 to 9", "row 5"]);
  const cell = { ...signed, low: -4, high: 4 };
  assert.equal(beyondWords(1, cell), "1 value lies beyond \u22124 to 4");
  assert.equal(beyondWords(2, cell), "2 values lie beyond \u22124 to 4");
  assert.equal(beyondWords(0, cell), "no value lies beyond \u22124 to 4");
  const numbers = [0.314, -0.2, 0.001, -0.001].map((value) => signedNumber(value));
  assert.deepEqual(numbers, ["+0.31", "\u22120.20", "0.00", "0.00"]);
});

test("an article is chosen by how the name is said", () => {
  const names = ["RNN", "LSTM", "GRU", "input gate", "forget gate"].map(withArticle);
  assert.deepEqual(names, ["an RNN", "an LSTM", "a GRU", "an input gate", "a forget gate"]);
  assert.equal(missingWords("RNN", gate), "An RNN has no forget gate.");
  assert.equal(missingWords("GRU", { label: "Cell state" }), "A GRU has no cell state.");
});

test("a change is told from the step it came from, and says so when there was none", () => {
  assert.equal(changeWords(0.31, 10, "row"), "rose by 0.31 from row 11");
  assert.equal(changeWords(-0.31, 10, "row"), "fell by 0.31 from row 11");
  assert.equal(changeWords(0, 10, "row"), "unchanged from row 11");
  assert.equal(changeWords(-0.004, 10, "row"), "changed by less than 0.01 from row 11");
  assert.equal(changeWords(0.5, null, "token"), "rose by 0.50 from 0, where it starts");
  assert.equal(changeWords(NaN, null, "row"), "no row was read before this one");
});

test("a difference is told beside the ghost", () => {
  assert.equal(differenceWords(0.2, 3, "row"), "0.20 above the ghost");
  assert.equal(differenceWords(-0.2, 3, "row"), "0.20 below the ghost");
  assert.equal(differenceWords(0, 3, "row"), "the same as the ghost");
  assert.equal(differenceWords(0.0049, 3, "row"), "within 0.01 of the ghost");
  assert.equal(differenceWords(NaN, 28, "row"), "the ghost has no row 29");
});

test("a place is told in each mode with the value itself", () => {
  const tell = (changes, signal = gate) => placeSentence(compared, signal, place(changes));
  assert.equal(tell({}), "forget gate of unit 1 at row 2: 0.35, keeps 35 % of the cell");
  assert.equal(tell({ values: "change" }), "forget gate of unit 1 at row 2: 0.35, rose by 0.10 from row 1");
  assert.equal(
    tell({ values: "change", step: 0 }),
    "forget gate of unit 1 at row 1: 0.25, no row was read before this one",
  );
  assert.equal(
    tell({ values: "change", step: 0, unit: 0 }, signed),
    "hidden state of unit 0 at row 1: \u22121.00, fell by 1.00 from 0, where it starts",
  );
  assert.equal(tell({ values: "difference" }), "forget gate of unit 1 at row 2: 0.35, 0.10 above the ghost");
  assert.equal(tell({ values: "difference", step: 3 }), "forget gate of unit 1 at row 4: 0.55, the ghost has no row 4");
  assert.equal(tell({}, { name: "reset_gate" }), null);
  assert.equal(tell({ unit: 99 }), null);
});

test("a backward layer says so, and counts its changes from the step after", () => {
  const told = placeSentence(bare, gate, place({ direction: "backward", values: "change" }));
  assert.match(told, /^backward forget gate of unit 1 at row 2: .* from row 3$/);
});

test("numbers beside their words: three decimals, a sign for what is derived, a dash for nothing", () => {
  const shown = (changes) => valueWords(compared, gate, place(changes));
  assert.deepEqual([shown({}).text, shown({}).words], ["0.350", "keeps 35 % of the cell"]);
  assert.equal(shown({ values: "difference" }).text, "+0.100");
  assert.deepEqual([shown({ values: "change", step: 0 }).text, shown({ layer: 7 })], ["\u2013", null]);
});

test("tips speak of what is under the pointer", () => {
  const tip = (panel, one = reading, changes = {}) => tipText(panel, one, place(changes));
  assert.equal(tip({ signal: gate }), "forget gate of unit 1 at row 2: 0.35, keeps 35 % of the cell");
  assert.equal(tip({ id: "attention" }), "attention on row 2: 0.200 of the whole");
  assert.equal(tip({ id: "attention" }, compared), "attention on row 2: 0.200 of the whole, in the ghost 0.200");
  assert.equal(tip({ id: "prediction" }), "Row 2 of 4: reads cat with 70 %");
  assert.equal(
    tip({ id: "prediction" }, reading, { step: 2 }),
    "Row 3 of 4: reads dog with 80 %. At row 3 the answer changes from cat to dog.",
  );
  assert.equal(tip({ id: "prediction" }, compared), "Row 2 of 4: reads cat with 70 %; the ghost reads cat with 80 %");
  assert.equal(tip({ id: "unit" }), "unit 1 at row 2: f 0.35, h 0.10");
  const words = { ...reading, tokens: ["a", "<b>", "c", "d"], step_word: "token" };
  assert.equal(tip({ id: "input" }, words), "Token 2 of 4: \u201c<b>\u201d, reads cat with 70 %");
  assert.equal(tip({ id: "input" }, bare), "Row 2 of 2,000");
  assert.equal(leaderSentence(bare, 999), "Row 1,000 of 2,000");
});

test("screen readers hear the place, every answer, and the unit when one was chosen", () => {
  const hear = (readings, ...actions) => {
    const state = actions.reduce(reduce, initialState(shapeOf(readings), { step: 1 }));
    return announcement(readings, state, lookedAt(state, 0));
  };
  assert.equal(hear([reading]), "Row 2 of 4: reads cat with 70 %.");
  assert.equal(
    hear([reading], { type: "seek", step: 2 }),
    "Row 3 of 4: reads dog with 80 %. At row 3 the answer changes from cat to dog.",
  );
  assert.equal(
    hear([reading, { ...reading, title: "GRU" }]),
    "Row 2 of 4. LSTM reads cat with 70 %. GRU reads cat with 70 %.",
  );
  assert.equal(
    hear([reading], { type: "unit", unit: 1 }),
    "Row 2 of 4: reads cat with 70 %. Forget gate of unit 1 at row 2: 0.35, keeps 35 % of the cell. " +
      "Hidden state of unit 1 at row 2: 0.10, says next to nothing.",
  );
  assert.equal(hear([bare]), "Row 2 of 2,000.");
});

test("what the brush found is a sentence, right in number", () => {
  const asked = { span: [4, 8], threshold: 0.3 };
  const found = (...units) => units.map((unit) => ({ unit, sign: unit < 0 ? -1 : 1 }));
  const say = (on, throughout, span = asked.span) => brushSentence(on, throughout, { ...asked, span }, signed, "row");
  assert.equal(
    say(found(37, 90, 4), found(37, 90, 4)),
    "3 units of the hidden state are on throughout rows 5 to 9 and off outside: 37, 90 and 4.",
  );
  assert.equal(
    say([{ unit: 7, sign: -1 }], found(7), [4, 4]),
    "1 unit of the hidden state is on throughout row 5 and off outside: 7 (negative).",
  );
  assert.equal(
    say([], found(1)),
    "No unit of the hidden state is on throughout rows 5 to 9 and off outside; " +
      "1 unit is on throughout, but elsewhere too.",
  );
  assert.match(say([], found(1, 2)), /; 2 units are on throughout, but elsewhere too\.$/);
  assert.equal(
    say([], []),
    "No unit of the hidden state is on throughout rows 5 to 9. Try a lower threshold or a shorter span.",
  );
  const many = found(...Array(15).keys());
  assert.match(say(many, many), /: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 3 more\.$/);
  assert.equal(thresholdWords(0.3, signed), "On means at least 0.30, or at most \u22120.30.");
  assert.equal(thresholdWords(0.3, gate), "On means at least 0.30.");
});

test("a window says which part it shows", () => {
  assert.equal(windowWords({ first: 100, count: 200 }, bare), "Rows 101 to 300 of 2,000");
});

test("no more decimals are printed than the codes tell apart", () => {
  const array = (low, high, bits) => ({ low, high, top: 2 ** bits - 1 });
  assert.deepEqual([array(0, 1, 8), array(-4, 4, 8), array(0, 1, 16), array(-9, 9, 16)].map((one) => digitsOf(one)), [
    2, 1, 3, 3,
  ]);
});

test("a small share keeps two digits that say something", () => {
  const shares = [1, 0.25, 0.0995, 0.042, 0.00043, 0.0000151, 0];
  assert.deepEqual(shares.map(shareNumber), ["1.000", "0.250", "0.100", "0.042", "0.00043", "0.000015", "0"]);
});

test("an answer that was worked out earlier is said to be", () => {
  const rare = decodeReading({ ...smallPayload(), answered: [0, 3] });
  assert.equal(leaderSentence(rare, 2), `${leaderSentence(reading, 2)} after row 1`);
  assert.equal(leaderSentence(rare, 3), leaderSentence(reading, 3));
  assert.match(announcement([rare], initialState(shapeOf([rare])), { step: 2, unit: 1 }), /^Row 3 of 4: reads \w+ with \d+ % after row 1\./);
  const unread = decodeReading({ ...smallPayload(), answered: [2] });
  assert.equal(leaderSentence(unread, 1), "Row 2 of 4");
});
