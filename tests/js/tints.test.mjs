// What colours the tokens. Oracles: the numbers of the reading, the table of colours, and WCAG's contrast.

import assert from "node:assert/strict";
import { test } from "node:test";

import { contrast, parseColour } from "../../rnnviz/theatre/web/shared/colours.js";
import { decodeReading, valueAt } from "../../rnnviz/theatre/web/shared/decode.js";
import { proseTip, tintSentence } from "../../rnnviz/theatre/web/shared/prosewords.js";
import { inkOn, NO_SWATCH, softTable, tokenColours } from "../../rnnviz/theatre/web/shared/swatches.js";
import { decodeTints, offeredTints, resolveTint, shownTint, tintDigits } from "../../rnnviz/theatre/web/shared/tints.js";
import { pack, smallPayload } from "./reading.mjs";

const RAMP = ["#0b4f94", "#f7f6f3", "#b34700"];
const COLOURS = { ramp: { light: RAMP, dark: RAMP }, beyond: { light: ["#001a33", "#361500"], dark: ["#001a33", "#361500"] } };
const THEMES = { light: { inkRgb: [29, 33, 39], page: "#ffffff" }, dark: { inkRgb: [232, 234, 237], page: "#12151b" } };
const WORDS = { label: "L", meaning: "M.", note: "", low_words: "", high_words: "", ...COLOURS };
const OWN = {
  answer: { ...WORDS, name: "answer", low: 0, high: 1, diverging: true },
  change: { ...WORDS, name: "change", low: -0.5, high: 0.5, diverging: true },
  attention: { ...WORDS, name: "attention", low: 0, high: 1, diverging: false },
  none: { ...WORDS, name: "none", low: 0, high: 1, diverging: false },
};

function textReading(changes = {}) {
  const payload = { ...smallPayload(), step_word: "token", image: null, tokens: ["not ", "bad", " at ", "all"], tints: OWN };
  return decodeReading({ ...payload, unknown: [1], left_out: null, replaced: { 2: "so" }, pads: 1, ...changes });
}

const PLACE = { layer: 0, direction: "forward", unit: 1 };
const resolved = (reading, name, own = []) => resolveTint(reading, own, name, { ...PLACE, readings: [reading] });
const near = (values, wanted) => {
  assert.equal(values.length, wanted.length);
  wanted.forEach((value, i) => {
    if (Number.isNaN(value)) assert.ok(Number.isNaN(values[i]));
    else assert.ok(Math.abs(values[i] - value) < 1e-3, `${values[i]} is not ${value}`);
  });
};

test("the answer of two classes is how likely the second is, its change what each token did", () => {
  const reading = textReading();
  const { tint } = resolved(reading, "answer");
  near(tint.values, [0.5, 0.3, 0.8, 0.9]);
  assert.deepEqual([tint.low_words, tint.high_words], ["cat", "dog"]);
  near(resolved(reading, "change").tint.values, [NaN, -0.2, 0.5, 0.1]);
});

test("with three classes it is the leading one, and how sure", () => {
  const probabilities = pack([[0.6, 0.3, 0.1], [0.2, 0.5, 0.3], [0.1, 0.2, 0.7], [0.1, 0.1, 0.8]], 0, 1);
  const hues = { light: ["#0072b2", "#e69f00", "#009e73"], dark: ["#6db8ff", "#e69f00", "#3ecf9f"] };
  const reading = textReading({ classes: ["a", "b", "c"], probabilities, class_hues: hues });
  const { tint } = resolved(reading, "answer");
  assert.deepEqual([...tint.leaders], [0, 1, 2, 2]);
  near(tint.values, [0.6, 0.5, 0.7, 0.8]);
  near(resolved(reading, "change").tint.values, [NaN, 0.2, 0.4, 0.1]);
  const { swatches, codes } = tokenColours(tint, "light", THEMES.light);
  assert.equal(new Set([...codes].map((code) => swatches[code].background)).size, 4);
});

test("units, means and attention are the reading's own numbers", () => {
  const reading = textReading();
  const array = reading.layers[0].forward.hidden;
  near(resolved(reading, "unit:hidden").tint.values, [0, 1, 2, 3].map((step) => valueAt(array, step, 1)));
  const gates = reading.layers[0].forward.forget_gate;
  const mean = (step) => (valueAt(gates, step, 0) + valueAt(gates, step, 1) + valueAt(gates, step, 2)) / 3;
  near(resolved(reading, "mean:forget_gate").tint.values, [0, 1, 2, 3].map(mean));
  const { tint } = resolved(reading, "attention");
  near(tint.values, [0.1, 0.2, 0.3, 0.4]);
  assert.equal(tint.high, 0.5);
});

test("what a reading has not is said, and another tint is shown instead", () => {
  const reading = textReading({ attention: null });
  assert.equal(resolved(reading, "unit:cell").absent, "An LSTM has no cell.");
  assert.match(resolved(reading, "attention").absent, /weighs no tokens/);
  assert.equal(shownTint([reading], [[]], "attention"), "answer");
  assert.equal(shownTint([reading], [[]], "unit:reset_gate"), "answer");
  assert.equal(shownTint([reading], [[]], "unit:hidden"), "unit:hidden");
  assert.equal(shownTint([textReading({ probabilities: null, classes: [] })], [[]], "answer"), "none");
});

test("tints that came with a reading are offered and shown, those of another text are not", () => {
  const sent = { ...OWN.change, name: "ig", label: "Gradients", values: pack([-0.6, 0, 0.2, 0.5], -1, 1) };
  const [own] = decodeTints([[sent]]);
  near(own[0].values, [-0.6, 0, 0.2, 0.5]);
  const reading = textReading();
  const groups = offeredTints([reading], [own]);
  assert.deepEqual(groups.map(({ label }) => label), ["Answer", "Explanations", "Chosen unit", "Mean over the units", "Without"]);
  assert.ok(groups.flatMap(({ entries }) => entries).some(([name, label]) => name === "ig" && label === "Gradients"));
  const again = [{ ...own[0], name: "attended", label: OWN.attention.label }];
  const offered = offeredTints([reading], [again]).flatMap(({ entries }) => entries.map(([name]) => name));
  assert.ok(offered.includes("attention") && !offered.includes("attended"));
  assert.equal(shownTint([reading], [own], "ig"), "ig");
  assert.equal(resolved(reading, "ig", own).tint, own[0]);
  const shorter = { ...own[0], values: own[0].values.slice(1) };
  assert.notEqual(resolved(reading, "ig", [shorter]).tint, shorter);
});

test("a colour says its number, and letters can be read on every one of them", () => {
  for (const [theme, colours] of Object.entries(THEMES)) {
    for (const tint of [OWN.change, OWN.attention]) {
      const { swatches } = tokenColours({ ...tint, values: [] }, theme, colours);
      assert.equal(swatches.length, 258);
      for (const { background, ink } of swatches) {
        assert.ok(contrast(parseColour(background), parseColour(ink)) >= 4.5, `${ink} on ${background}`);
      }
    }
  }
  const { codes } = tokenColours({ ...OWN.change, values: [-0.9, -0.5, 0, 0.5, 0.9, NaN] }, "light", THEMES.light);
  assert.deepEqual([...codes], [0, 1, 129, 256, 257, NO_SWATCH]);
  assert.deepEqual(softTable(OWN.change, "light")[0], parseColour(RAMP[0]));
});

test("on any colour there are letters with a contrast of 4.5", () => {
  for (let r = 0; r < 256; r += 15) {
    for (let g = 0; g < 256; g += 15) {
      for (let b = 0; b < 256; b += 15) {
        const ink = parseColour(inkOn([r, g, b], THEMES.light.inkRgb, [255, 255, 255]));
        assert.ok(contrast([r, g, b], ink) >= 4.5, `${r} ${g} ${b}`);
      }
    }
  }
});

test("the tip says what the token is and what its colour means", () => {
  const reading = textReading();
  const { tint } = resolved(reading, "unit:hidden");
  assert.equal(
    proseTip(reading, tint, 1),
    "\u201cbad\u201d, token 2 of 4. Answer so far: cat with 70 %. Hidden state of unit 1, layer 1: 0.10. " +
      "This token is not known to the network.",
  );
  assert.match(proseTip(reading, null, 2), /Before: \u201cso\u201d\.$/);
  assert.match(proseTip(reading, null, 3), /Padding, read on purpose\.$/);
  assert.match(proseTip(reading, resolved(reading, "change").tint, 0), /no token was read before this one\.$/);
  assert.equal(tintSentence(null, OWN.none), "M.");
  assert.equal(tintSentence({ ...OWN.change, note: "n = 3" }, OWN.none), "M. n = 3");
  assert.deepEqual([{ low: 0, high: 1 }, { low: -0.03, high: 0.03 }].map(tintDigits), [2, 4]);
});

test("where answers are rare, a colour and a tip do not say more than was worked out", () => {
  const reading = textReading({ answered: [0, 2, 3], unknown: [], replaced: {} });
  const { tint } = resolved(reading, "change");
  near(tint.values, [NaN, NaN, 0.3, 0.1]);
  assert.match(tint.meaning, /^How far the tokens since the last answer moved it/);
  assert.match(proseTip(reading, tint, 2), /L: 0\.30 since token 1\.$/);
  assert.match(proseTip(reading, tint, 3), /L: 0\.10\. Padding/);
  assert.match(proseTip(reading, tint, 1), /Answer after token 1: cat with 70 %\. L: not worked out here\.$/);
  assert.equal(resolved(reading, "answer").tint.note, "Worked out after 3 of 4 tokens; between them stands the answer before.");
  assert.equal(resolved(textReading(), "answer").tint.note, "");
  const meaning = (one) => offeredTints([one], [[]])[0].entries.find(([name]) => name === "change")[2];
  assert.deepEqual([meaning(reading), meaning(textReading())], [tint.meaning, "M."]);
  const late = textReading({ answered: [2, 3], replaced: {}, unknown: [] });
  assert.equal(proseTip(late, null, 0), "\u201cnot\u201d, token 1 of 4.");
});
