// What the theatre says about a place: in the tip beside the pointer, in its numbers, and to screen readers.
// A place is { layer, direction: "forward" | "backward", values: "raw" | "change" | "difference", step, unit }.

import { answeredStep, leadingClass, valueAt } from "./decode.js";
import { shownArray, stepBefore } from "./derived.js";
import { capitalised, changeWords, differenceWords, digitsOf, grouped, howMany, listed, number } from "./words.js";
import { percentage, shareNumber, signalSentence, signalWords, signedNumber, spanWords, stepSentence, whereWords } from "./words.js";

// Of a long token the beginning: a tip is a sentence.
const LONGEST = 40;

export function quoted(piece) {
  const text = piece.trim();
  const shown = text.length > LONGEST ? `${text.slice(0, LONGEST)}\u2026` : text;
  return `\u201c${shown}\u201d`;
}

// "3 with 84 %", or null for a network without an answer, or without one yet.
export function classWords(reading, step) {
  if (!reading.probabilities || answeredStep(reading, step) === null) return null;
  const leader = leadingClass(reading.probabilities, step);
  return `${reading.classes[leader]} with ${percentage(valueAt(reading.probabilities, step, leader))}`;
}

// The same, and after which token it was worked out where that is an earlier one: "3 with 84 % after token 268".
export function answerWords(reading, step) {
  const words = classWords(reading, step);
  return words && words + afterWords(reading, step);
}

function afterWords(reading, step) {
  const last = answeredStep(reading, step);
  return last === step ? "" : ` after ${reading.step_word} ${grouped(last + 1)}`;
}

export function leaderSentence(reading, step) {
  if (!reading.probabilities || answeredStep(reading, step) === null) return whereWords(reading, step);
  const leader = leadingClass(reading.probabilities, step);
  const sentence = stepSentence(reading, step, leader, valueAt(reading.probabilities, step, leader));
  return sentence + afterWords(reading, step);
}

// The number shown for a signal at a place and its words, or null where the reading has none:
// { value: 0.31, text: "+0.310", words: "rose by 0.31 from row 11" }. Without a value, text is a dash.
export function valueWords(reading, signal, place) {
  const { layer, direction, values, step, unit } = place;
  const array = shownArray(reading, layer, direction, signal, values);
  if (!array || step >= array.shape[0] || unit >= array.shape[1]) return null;
  const value = valueAt(array, step, unit);
  if (Number.isNaN(value)) return { value, text: "\u2013", words: modeWords(reading, signal, place, value) };
  const text = (values === "raw" ? number : signedNumber)(value, digitsOf(array));
  return { value, text, words: modeWords(reading, signal, place, value) };
}

function modeWords(reading, signal, { direction, values, step }, value) {
  const word = reading.step_word;
  if (values === "change") return changeWords(value, stepBefore(step, direction, reading.steps), word);
  if (values === "difference") return differenceWords(value, step, word);
  return signalWords(signal, value);
}

// forget gate of unit 37 at row 12: 0.93, keeps 93 % of the cell (or: rose by 0.31 from row 11). The number is the
// value itself in every mode. null where the reading has no such place.
export function placeSentence(reading, signal, place) {
  const { layer, direction, step, unit } = place;
  const named = reading.signals.find(({ name }) => name === signal.name);
  const shown = named && valueWords(reading, named, place);
  if (!shown) return null;
  const label = direction === "backward" ? `backward ${named.label.toLowerCase()}` : named.label;
  const array = shownArray(reading, layer, direction, named, "raw");
  const value = valueAt(array, step, unit);
  return signalSentence({ label }, value, unit, step, reading.step_word, shown.words, digitsOf(array, 2));
}

// The text of the tip. `place.unit` is null beside the units of a heatmap.
export function tipText(panel, reading, place) {
  const { step, unit } = place;
  if (panel.signal && unit !== null) {
    return placeSentence(reading, panel.signal, place) ?? leaderSentence(reading, step);
  }
  if (panel.id === "attention" && reading.attention) return attentionSentence(reading, step);
  if (panel.id === "unit" && unit !== null) return unitSentence(reading, place);
  if (panel.id === "input" && reading.tokens) {
    const answer = answerWords(reading, step);
    return `${whereWords(reading, step)}: ${quoted(reading.tokens[step])}${answer ? `, reads ${answer}` : ""}`;
  }
  const ghost = reading.ghost && step < reading.ghost.steps ? answerWords(reading.ghost, step) : null;
  const sentences = [leaderSentence(reading, step) + (ghost ? `; the ghost reads ${ghost}` : "")];
  return [...sentences, ...markSentences(reading, step)].join(". ").replace(/\.\. /g, ". ");
}

function attentionSentence(reading, step) {
  const share = (one) => shareNumber(valueAt(one.attention, step));
  const { ghost } = reading;
  const beside = ghost?.attention && step < ghost.steps ? `, in the ghost ${share(ghost)}` : "";
  return `attention on ${reading.step_word} ${step + 1}: ${share(reading)} of the whole${beside}`;
}

// unit 37 at row 12: f 0.93, i 0.12, ...
function unitSentence(reading, place) {
  const raw = { ...place, values: "raw" };
  const numbers = reading.signals.flatMap((signal) => {
    const shown = valueWords(reading, signal, raw);
    return shown ? [`${signal.symbol} ${number(shown.value)}`] : [];
  });
  return `unit ${place.unit} at ${reading.step_word} ${place.step + 1}: ${numbers.join(", ")}`;
}

// What the library has to say about a step: the decision, a flip, a note.
export function markSentences(reading, step) {
  return (reading.marks ?? []).filter((mark) => mark.step === step).map((mark) => mark.words || mark.label);
}

// For screen readers: where the cursor is, what each reading answers there, and the chosen unit of the reading in
// focus. `looked` is lookedAt(state).
export function announcement(readings, state, { step, unit }) {
  const focus = readings[state.focus] ?? readings[0];
  const sentences = readings.length === 1 ? [leaderSentence(focus, step)] : spokenAnswers(readings, focus, step);
  if (focus.tokens) sentences.unshift(quoted(focus.tokens[step]));
  sentences.push(...markSentences(focus, step));
  if (state.unit !== null || state.units.length > 0) {
    const direction = state.direction === "backward" ? "backward" : "forward";
    const place = { layer: state.layer, direction, values: state.values, step, unit };
    sentences.push(...focus.signals.map((signal) => placeSentence(focus, signal, place)).filter(Boolean));
  }
  return sentences.map((sentence) => `${capitalised(sentence).replace(/\.$/, "")}.`).join(" ");
}

function spokenAnswers(readings, focus, step) {
  const answers = readings.map((reading) => [reading.title, answerWords(reading, step)]);
  return [whereWords(focus, step), ...answers.filter(([, answer]) => answer).map((pair) => pair.join(" reads "))];
}

// What the brush found: `on` and `throughout` as brush.js lists them, the asked { span, threshold } and the signal.
export function brushSentence(on, throughout, { span, threshold }, signal, stepWord) {
  const where = spanWords(span, stepWord);
  const of = `of the ${signal.label.toLowerCase()}`;
  if (throughout.length === 0) {
    return `No unit ${of} is on throughout ${where}. Try a lower threshold or a shorter span.`;
  }
  const others = throughout.length - on.length;
  if (on.length === 0) {
    const rest = `${howMany(others, "unit is", "units are")} on throughout, but elsewhere too`;
    return `No unit ${of} is on throughout ${where} and off outside; ${rest}.`;
  }
  const verb = on.length === 1 ? "is" : "are";
  return `${howMany(on.length, "unit")} ${of} ${verb} on throughout ${where} and off outside: ${onWords(on)}.`;
}

const MOST_NAMED = 12;

// 37, 90 (negative) and 4; the rest is counted.
function onWords(on) {
  const names = on.map(({ unit, sign }) => (sign < 0 ? `${unit} (negative)` : String(unit)));
  if (names.length <= MOST_NAMED) return listed(names);
  return listed([...names.slice(0, MOST_NAMED), `${names.length - MOST_NAMED} more`]);
}

// What "on" means at a threshold, for a legend: a gate is never negative.
export function thresholdWords(threshold, signal) {
  const above = `On means at least ${number(threshold)}`;
  return signal.kind === "gate" ? `${above}.` : `${above}, or at most ${number(-threshold)}.`;
}

// Rows 101 to 300 of 2,000
export function windowWords({ first, count }, reading) {
  const numbers = [first + 1, first + count, reading.steps].map(grouped);
  return `${capitalised(reading.step_word)}s ${numbers[0]} to ${numbers[1]} of ${numbers[2]}`;
}
