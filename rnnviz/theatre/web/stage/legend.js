// The legend: every mark on the stage, in words, beside a sample of it.

import { element } from "../shared/dom.js";
import { codeToValue } from "../shared/decode.js";
import { shownSignal } from "../shared/derived.js";
import { thresholdWords } from "../shared/speech.js";
import { beyondWords, capitalised, number } from "../shared/words.js";

const COUNTED = new WeakMap();

export function fillLegend(node, scene, bands) {
  const { options, readings } = scene;
  if (options.size === "small") {
    node.replaceChildren();
    return;
  }
  const conventions = [...new Set(readings.map(({ convention }) => convention))];
  const list = element("ul", {}, ...entriesOf(scene, bands).map((entry) => legendEntry(entry, scene.theme)));
  const body = element(
    "details",
    { open: true },
    element("summary", {}, "How to read this"),
    list,
    ...[...conventions, options.about ?? ""].filter(Boolean).map((text) => element("p", { class: "convention" }, text)),
    element("p", { class: "keys" }, ...keyHints(scene)),
  );
  if (node.firstChild?.open === false) body.open = false;
  node.replaceChildren(body);
}

function entriesOf(scene, bands) {
  const { readings, state } = scene;
  const word = readings[0].step_word;
  const entries = [
    ["mark-cursor", `The framed column is the ${word} being read. ${unreadWords(state.direction)}`],
    ["mark-preview", "The dashed column is where the pointer is; all numbers follow it."],
    ["mark-row", "The framed line in each heatmap is the chosen unit; pinned units have a line in the accent colour."],
    ["mark-pin", `A triangle above the numbers marks a pinned ${word}.`],
  ];
  const marks = readings.flatMap((reading) => reading.marks);
  if (marks.some(({ kind }) => kind === "decision")) {
    entries.push(["mark-decision", `A filled diamond: the decision ${word}, from which on the answer stays the same.`]);
  }
  if (marks.some(({ kind }) => kind === "flip")) {
    entries.push(["mark-flip", `An open diamond: a flip, a ${word} at which the answer becomes another.`]);
  }
  if (marks.some(({ kind }) => kind === "note")) entries.push(["mark-note", `A short bar: a ${word} with a note.`]);
  if (state.span) entries.push(...spanEntries(word, scene));
  entries.push(...predictionEntries(scene, bands));
  if (readings.some(({ ghost }) => ghost)) entries.push(["mark-ghost", ghostWords(readings)]);
  const covered = `Hatched: ${word}s of the image that are still covered.`;
  if (readings.some(({ image }) => image)) entries.push(["mark-cover", covered]);
  return [...entries, ...signalEntries(scene, bands)];
}

function unreadWords(direction) {
  if (direction === "forward") return "What lies right of it has not been read yet.";
  const way = "Read backward, time runs from right to left: a state knows what lies right of it.";
  return direction === "backward" ? way : `${way} Read forward, it knows what lies left.`;
}

function spanEntries(word, { readings, state }) {
  const signal = readings.flatMap(({ signals }) => signals).find(({ name }) => name === state.brush);
  const on = thresholdWords(state.threshold, signal);
  return [
    ["mark-span", `The tinted columns are the selected ${word}s.`],
    ["mark-peg", `A mark on the left: this unit is on for the whole selection and off elsewhere. ${on}`],
  ];
}

function predictionEntries({ state, readings }, bands) {
  if (!bands.some(({ id }) => id === "prediction")) return [];
  if (state.prediction === "area") {
    const classes = readings[0].classes.map((label, k) => [label, readings[0].class_hues, k]);
    const text = "Each class has its colour; a band as high as the panel is 100 %, the strong one leads.";
    return [["mark-classes", text, classes]];
  }
  return [["mark-lead", "A strong bar is the class in the lead; grey bars are the others. A full row high is 100 %."]];
}

function ghostWords(readings) {
  const { ghost } = readings.find((reading) => reading.ghost);
  return `Dotted lines, outlined bars and thin outlines belong to the ghost: ${ghost.name}.`;
}

function signalEntries(scene, bands) {
  const { state } = scene;
  const signals = bands.filter(({ signal }) => signal).map(({ signal }) => signal);
  const entries = [];
  const vocabulary = scene.readings.flatMap((reading) => reading.signals);
  const gates = signals.filter(({ kind }) => kind === "gate");
  const shown = (signal) => shownSignal(signal, state.values, vocabulary);
  const whose = state.values === "change" ? "Change" : "Difference";
  if (gates.length > 0 && state.values === "raw") {
    entries.push([null, "Gates run from 0 (shut, paper) to 1 (open, deepest colour), one hue per gate.", gates[0]]);
  } else if (gates.length > 0) {
    const text = `${whose} of a gate: from \u22121 (blue, falls or below) over 0 (paper) to 1 (orange).`;
    entries.push([null, text, shown(gates[0])]);
  }
  const signed = signals.find(({ kind, name }) => kind === "signed" && name !== "cell");
  if (signed) entries.push([null, signedSentence(shown(signed), state.values), shown(signed)]);
  const cell = signals.find(({ name }) => name === "cell");
  if (cell && state.values === "raw") entries.push([null, cellSentence(cell, beyondCount(scene, cell)), cell]);
  else if (cell) entries.push([null, rangeSentence(whose, shown(cell)), shown(cell)]);
  for (const signal of state.values === "raw" ? signals.filter(({ name }) => name !== "cell") : []) {
    const count = beyondCount(scene, signal);
    if (count > 0) entries.push([null, `${signal.label}: ${beyondWords(count, signal)}, in the two end colours.`, signal]);
  }
  const asTheyAre = state.values === "raw" ? "" : " They show the values as they are.";
  if (bands.some(({ id }) => id === "unit")) entries.push(["mark-lines", linesSentence(cell) + asTheyAre]);
  return entries;
}

function rangeSentence(whose, { low, high }) {
  return `${whose} of the cell state: from ${number(low, 0)} to ${number(high, 0)}.`;
}

function signedSentence({ low, high }, values) {
  const whose = { raw: "Signed values", change: "Changes of signed values" }[values] ?? "Differences of signed values";
  return `${whose} run from ${number(low, 0)} (blue) over 0 (paper) to ${number(high, 0)} (orange).`;
}

function linesSentence(cell) {
  const upper = "The lines of one unit run from \u22121 to 1, gates in the upper half.";
  if (!cell) return upper;
  return `${upper} The dashed cell state has its own ${number(cell.low, 0)} to ${number(cell.high, 0)}.`;
}

function cellSentence(signal, beyond) {
  const range = `The cell state is drawn on a fixed ${number(signal.low, 0)} to ${number(signal.high, 0)}.`;
  if (beyond === 0) return `${range} No value here lies beyond.`;
  return `${range} ${capitalised(beyondWords(beyond, signal))}, in the two end colours of its scale.`;
}

// How many values of the shown layer lie beyond the drawn range, counted once per array.
function beyondCount({ readings, state }, signal) {
  let sum = 0;
  for (const reading of readings) {
    for (const direction of state.direction === "both" ? ["forward", "backward"] : [state.direction]) {
      const array = reading.layers[state.layer]?.[direction]?.[signal.name];
      if (array) sum += countBeyond(array, signal);
    }
  }
  return sum;
}

function countBeyond(array, signal) {
  if (COUNTED.has(array)) return COUNTED.get(array);
  let count = 0;
  if (array.low < signal.low || array.high > signal.high) {
    for (const code of array.codes) {
      const value = codeToValue(array, code);
      if (value < signal.low || value > signal.high) count += 1;
    }
  }
  COUNTED.set(array, count);
  return count;
}

function legendEntry([mark, text, extra], theme) {
  const words = element("span", {}, text);
  if (mark === "mark-classes") {
    for (const [label, hues, k] of extra) {
      const swatch = element("i", { class: "swatch", "aria-hidden": "true" });
      swatch.style.background = hues[theme][k];
      words.append(element("span", { class: "class-key" }, swatch, label));
    }
    return element("li", {}, element("i", { class: "sample mark-area", "aria-hidden": "true" }), words);
  }
  const sample = element("i", { class: `sample ${mark ?? "mark-ramp"}`, "aria-hidden": "true" });
  if (extra) sample.style.background = `linear-gradient(to right, ${extra.ramp[theme].join(", ")})`;
  return element("li", {}, sample, words);
}

function keyHints({ readings, state }) {
  const word = readings[0].step_word;
  const hints = [
    ["\u2190 \u2192", `previous, next ${word}`],
    ["\u2191 \u2193", "choose a unit"],
    ["Home End", "first, last"],
    ["Space", "play, pause"],
    ["Enter", "pin"],
    ["Shift \u2190 \u2192", "select a span"],
    ["Esc", "clear"],
    ["L", "loop"],
    ["O", "order of units"],
    ["C", "values or change"],
    ["P", "present"],
  ];
  if (state.shape.layers > 1) hints.push(["[ ]", "layer"]);
  if (readings.length > 1) hints.push([readings.map((_, i) => i + 1).join(" "), "whose numbers"]);
  if (state.shape.steps > 60) hints.push(["+ \u2212", "zoom"]);
  return hints.map(([keys, meaning]) => element("span", { class: "hint" }, element("kbd", {}, keys), meaning));
}
