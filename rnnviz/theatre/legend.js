// The legend: every mark on the stage, in words, beside a sample of it.

import { element } from "./dom.js";
import { number } from "./words.js";

export function fillLegend(node, reading, signals, theme, options) {
  if (options.size === "small") {
    node.replaceChildren();
    return;
  }
  const word = reading.step_word;
  const entries = [
    ["mark-cursor", `The framed column is the ${word} being read. What lies right of it has not been read yet.`],
    ["mark-preview", "The dashed column is where the pointer is; all numbers follow it."],
    ["mark-row", "The framed line in each heatmap is the chosen unit."],
    ["mark-pin", `A triangle under the numbers marks a pinned ${word}.`],
    ["mark-lead", "A strong bar is the class in the lead; grey bars are the others. A full row high is 100 %."],
  ];
  if (reading.image) {
    entries.push(["mark-cover", `Hatched: ${word}s of the image that are still covered.`]);
  }
  const gates = signals.filter(({ signal }) => signal.kind === "gate");
  if (gates.length > 0) {
    entries.push([null, "Gates run from 0 (shut, paper) to 1 (open, deepest colour), one hue per gate.", gates[0].signal]);
  }
  const signed = signals.find(({ signal }) => signal.kind === "signed" && signal.name !== "cell");
  if (signed) {
    entries.push([null, "Signed values run from \u22121 (blue) over 0 (paper) to 1 (orange).", signed.signal]);
  }
  for (const { signal, beyond } of signals) {
    if (signal.name === "cell") entries.push([null, cellSentence(signal, beyond), signal]);
    else if (beyond > 0) entries.push([null, beyondSentence(signal, beyond), signal]);
  }
  entries.push(["mark-lines", linesSentence(signals)]);
  node.replaceChildren(
    element("h3", {}, "How to read this"),
    element("ul", {}, ...entries.map(([mark, text, signal]) => legendEntry(mark, text, signal, theme))),
    element("p", { class: "convention" }, `${reading.convention} ${options.about ?? ""}`),
    element("p", { class: "keys" }, ...keyHints(word)),
  );
}

function linesSentence(signals) {
  const upper = "The lines of one unit run from \u22121 to 1, gates in the upper half.";
  const cell = signals.find(({ signal }) => signal.name === "cell")?.signal;
  if (!cell) return upper;
  return `${upper} The dashed cell state has its own ${number(cell.low, 0)} to ${number(cell.high, 0)}.`;
}

function cellSentence(signal, beyond) {
  const range = `The cell state is drawn on a fixed ${number(signal.low, 0)} to ${number(signal.high, 0)}.`;
  return beyond > 0 ? `${range} ${beyondSentence(signal, beyond)}` : `${range} No value here lies beyond.`;
}

function beyondSentence(signal, beyond) {
  const values = beyond === 1 ? "1 value lies" : `${beyond} values lie`;
  return `${values} beyond ${number(signal.low, 0)} to ${number(signal.high, 0)}, in the two end colours of its scale.`;
}

function legendEntry(mark, text, signal, theme) {
  const sample = element("i", { class: `sample ${mark ?? "mark-ramp"}`, "aria-hidden": "true" });
  if (signal) sample.style.background = `linear-gradient(to right, ${signal.ramp[theme].join(", ")})`;
  return element("li", {}, sample, element("span", {}, text));
}

function keyHints(word) {
  const hints = [
    ["\u2190 \u2192", `previous, next ${word}`],
    ["\u2191 \u2193", "choose a unit"],
    ["Home End", "first, last"],
    ["Space", "play, pause"],
    ["Enter", "pin"],
    ["Esc", "clear"],
  ];
  return hints.map(([keys, meaning]) =>
    element("span", { class: "hint" }, element("kbd", {}, keys), meaning),
  );
}
