// What is said about a token of a text and about its colour. Everything ends up as textContent.

import { answeredStep } from "./decode.js";
import { classWords, quoted } from "./speech.js";
import { tintDigits } from "./tints.js";
import { capitalised, grouped, howMany, number, whereWords } from "./words.js";

// Answer so far 0.31; no value is said as such. A change over several tokens: 0.31 since token 260.
export function tintValue(tint, step) {
  const value = tint.values[step];
  if (Number.isNaN(value)) return tint.missing ?? "no value";
  return number(value, tintDigits(tint)) + (tint.since?.get(step) ?? "");
}

// “not”, token 5 of 20. Answer so far: positive with 31 %. Not known to the network.
export function proseTip(reading, tint, step) {
  const token = reading.tokens?.[step] ?? "";
  const sentences = [`${quoted(token)}, ${whereWords(reading, step).toLowerCase()}`];
  const answer = classWords(reading, step);
  if (answer) sentences.push(`${answerName(reading, step)}: ${answer}`);
  const isSaid = tint === null || tint.name === "answer";
  if (!isSaid) sentences.push(`${tint.label}: ${tintValue(tint, step)}`);
  if (reading.unknown?.includes(step)) sentences.push(`This ${reading.step_word} is not known to the network`);
  const was = reading.replaced?.[step];
  if (was !== undefined) sentences.push(was.trim() ? `Before: ${quoted(was)}` : "Nothing stood here before");
  if (step >= reading.steps - (reading.pads ?? 0)) sentences.push("Padding, read on purpose");
  return `${sentences.join(". ")}.`;
}

function answerName(reading, step) {
  const last = answeredStep(reading, step);
  return last === step ? "Answer so far" : `Answer after ${reading.step_word} ${grouped(last + 1)}`;
}

export function tintSentence(tint, without) {
  if (tint === null) return without.meaning;
  const note = tint.note ? ` ${tint.note}` : "";
  return `${tint.label === undefined ? "" : headed(tint)}${note}`;
}

// The units' meaning needs to say which unit; a tint's own label stands in the menu already.
function headed({ name, label, meaning }) {
  return name.includes(":") ? `${capitalised(label)}. ${meaning}` : capitalised(meaning);
}

// What a text holds besides tokens that are read and known, for a line below it; empty where there is nothing to say.
export function textNotes({ unknown, left_out: leftOut, pads, step_word: word }) {
  const notes = [];
  if (unknown?.length > 0) {
    notes.push(`${howMany(unknown.length, word)} with a dotted line ${unknown.length === 1 ? "is" : "are"} not known to the network`);
  }
  if (leftOut) notes.push(`${howMany(leftOut.tokens, word)} in the middle not read`);
  if (pads > 0) notes.push(`the last ${howMany(pads, word)} ${pads === 1 ? "is" : "are"} padding`);
  return notes.length > 0 ? `${capitalised(notes.join("; "))}.` : "";
}
