// What the tokens of a reading can be coloured by: its own answer, attention, units and gates, and the tints that came
// with it. Pure. A resolved tint is { name, label, meaning, note, low, high, low_words, high_words, diverging, ramp,
// beyond, values } with a number for each token, NaN for none; with more than two classes also { leaders, hues }.

import { codeToValue, decodeArray, leadingClass, valueAt } from "./decode.js";
import { barTop } from "./geometry.js";
import { SIGNAL_NAMES } from "./view.js";
import { capitalised, grouped, howMany, missingWords } from "./words.js";

const MEANS = new WeakMap();

// Tints as Python sends them, per reading, with their arrays decoded.
export function decodeTints(sent) {
  return (sent ?? []).map((several) =>
    several.map((tint) => {
      const packed = decodeArray(tint.values);
      return { ...tint, values: Float32Array.from(packed.codes, (code) => codeToValue(packed, code)) };
    }),
  );
}

// What can be chosen, in groups: [{ label, entries: [[name, label, meaning]] }].
export function offeredTints(readings, tints) {
  const [first] = readings;
  const words = (name) => [name, first.tints[name].label, first.tints[name].meaning];
  const groups = [];
  const answers = readings.some(({ probabilities }) => probabilities);
  const change = readings.some(({ answered }) => answered) ? [...words("change").slice(0, 2), stretchWords(first)] : words("change");
  if (answers) groups.push({ label: "Answer", entries: [words("answer"), change] });
  const explained = readings.some(({ attention }) => attention) ? [words("attention")] : [];
  const others = new Map(tints.flat().map((tint) => [tint.name, [tint.name, tint.label, tint.meaning]]));
  // One that is called as the reading's own would be offered twice.
  const names = explained.map(([, label]) => label);
  explained.push(...[...others.values()].filter(([, label]) => !names.includes(label)));
  if (explained.length > 0) groups.push({ label: "Explanations", entries: explained });
  const signals = SIGNAL_NAMES.flatMap((name) => {
    const found = readings.flatMap((reading) => reading.signals.filter((signal) => signal.name === name));
    return found.slice(0, 1);
  });
  const unit = signals.map(({ name, label, meaning }) => [`unit:${name}`, `${label} of the unit`, meaning]);
  groups.push({ label: "Chosen unit", entries: unit });
  const gates = signals.filter(({ kind }) => kind === "gate");
  const means = gates.map(({ name, label, meaning }) => [`mean:${name}`, `${label}, mean`, meaning]);
  if (means.length > 0) groups.push({ label: "Mean over the units", entries: means });
  groups.push({ label: "Without", entries: [words("none")] });
  return groups;
}

// The name of the tint that is shown: the chosen one where any reading has it, else the answer, else nothing.
export function shownTint(readings, tints, chosen) {
  const [whose, signal] = chosen.split(":");
  const has = {
    answer: readings.some(({ probabilities }) => probabilities),
    attention: readings.some(({ attention }) => attention),
    none: true,
  };
  has.change = has.answer;
  const isSignals =
    signal !== undefined &&
    ["unit", "mean"].includes(whose) &&
    readings.some(({ signals }) => signals.some(({ name }) => name === signal));
  if (has[chosen] || isSignals || tints.flat().some(({ name }) => name === chosen)) return chosen;
  return has.answer ? "answer" : "none";
}

// The tint of one reading, or the sentence that says why it has none: { tint, absent }.
// `place` is { layer, direction, unit, readings }: all readings, for the attention of all is drawn on one scale.
export function resolveTint(reading, own, name, place) {
  const given = own.find((tint) => tint.name === name && tint.values.length === reading.steps);
  if (given) return { tint: given, absent: null };
  if (name.includes(":")) return signalTint(reading, name, place);
  const words = reading.tints[name];
  const without = { tint: null, absent: `${reading.title} has none of this.` };
  if (name === "none" || !words) return name === "none" ? { tint: null, absent: null } : without;
  if (name === "attention") {
    if (!reading.attention) return { tint: null, absent: `${reading.title} weighs no ${reading.step_word}s.` };
    return { tint: { ...words, high: attentionTop(place.readings), values: column(reading.attention) }, absent: null };
  }
  if (!reading.probabilities) return { tint: null, absent: `${reading.title} gives no answer.` };
  return { tint: (name === "answer" ? answerTint : changeTint)(reading, words), absent: null };
}

function column(array) {
  return Float32Array.from(array.codes, (code) => codeToValue(array, code));
}

// Of a long text the answer is worked out after some tokens only.
function answeredNote({ answered, step_word: word, steps }) {
  return answered ? `Worked out after ${grouped(answered.length)} of ${howMany(steps, word)}; between them stands the answer before.` : "";
}

function stretchWords({ step_word: word }) {
  return `How far the ${word}s since the last answer moved it, at each ${word} after which an answer was worked out.`;
}

// Two classes: how likely the second is, paper where nothing is decided. More: the leading class and how sure it is.
function answerTint(reading, own) {
  const { probabilities, classes, class_hues: hues, steps } = reading;
  const words = { ...own, note: answeredNote(reading) };
  const sure = (step, k) => valueAt(probabilities, step, k);
  if (classes.length === 2) {
    const values = Float32Array.from({ length: steps }, (_, step) => sure(step, 1));
    return { ...words, low_words: classes[0], high_words: classes[1], values };
  }
  const leaders = Array.from({ length: steps }, (_, step) => leadingClass(probabilities, step));
  const values = Float32Array.from(leaders, (leader, step) => sure(step, leader));
  return { ...words, classes, hues, leaders, values };
}

// How much the token moved the answer: towards the second of two classes, else towards the final answer. Where answers
// are rare, how much all the tokens since the last one did, at the token after which the next was worked out.
function changeTint({ probabilities, classes, steps, step_word: word, answered }, words) {
  const towards = classes.length === 2 ? 1 : leadingClass(probabilities, steps - 1);
  const sure = (step) => valueAt(probabilities, step, towards);
  const values = new Float32Array(steps).fill(NaN);
  const since = new Map();
  const known = answered ?? Array.from({ length: steps }, (_, step) => step);
  known.forEach((step, i) => {
    if (i === 0) return;
    const before = known[i - 1];
    values[step] = sure(step) - sure(before);
    if (step - before > 1) since.set(step, ` since ${word} ${grouped(before + 1)}`);
  });
  const away = classes.length === 2 ? `towards ${classes[0]}` : `away from ${classes[towards]}`;
  const ends = { low_words: away, high_words: `towards ${classes[towards]}` };
  if (!answered) return { ...words, ...ends, values, missing: `no ${word} was read before this one` };
  return { ...words, ...ends, values, since, meaning: stretchWords({ step_word: word }), missing: "not worked out here" };
}

function signalTint(reading, name, { layer, direction, unit }) {
  const [whose, wanted] = name.split(":");
  const signal = reading.signals.find((one) => one.name === wanted);
  if (!signal) return { tint: null, absent: missingWords(reading.title, { label: wanted.replaceAll("_", " ") }) };
  const array = reading.layers[layer]?.[direction]?.[wanted];
  if (!array) return { tint: null, absent: `${reading.title} has no such layer or direction.` };
  const [steps, units] = array.shape;
  if (whose === "unit" && unit >= units) return { tint: null, absent: `${reading.title} has ${units} units.` };
  const values =
    whose === "mean" ? meanOver(array) : Float32Array.from({ length: steps }, (_, step) => valueAt(array, step, unit));
  const where = `layer ${layer + 1}${reading.layers[layer].backward ? `, ${direction}` : ""}`;
  const label = whose === "mean" ? `${signal.label}, mean over ${units} units, ${where}` : `${signal.label} of unit ${unit}, ${where}`;
  const [lowWords, highWords] = signal.kind === "gate" ? ["shut", "open"] : ["", ""];
  const { meaning, low, high, ramp, beyond, kind } = signal;
  const words = { name, label, meaning, note: "", low_words: lowWords, high_words: highWords };
  return { tint: { ...words, low, high, diverging: kind === "signed", ramp, beyond, values }, absent: null };
}

function meanOver(array) {
  if (MEANS.has(array)) return MEANS.get(array);
  const [steps, units] = array.shape;
  const means = new Float32Array(steps);
  const scale = (array.high - array.low) / array.top / units;
  for (let step = 0; step < steps; step += 1) {
    let sum = 0;
    for (let at = step * units; at < (step + 1) * units; at += 1) sum += array.codes[at];
    means[step] = array.low + sum * scale;
  }
  MEANS.set(array, means);
  return means;
}

// One top for all readings, so that their bars and colours can be compared.
export function attentionTop(readings) {
  let most = 0;
  for (const { attention, steps } of readings.flatMap((reading) => [reading, reading.ghost ?? []].flat())) {
    for (let step = 0; attention && step < steps; step += 1) most = Math.max(most, valueAt(attention, step));
  }
  return barTop(most);
}

// As many decimals as say something on this range: 0.31 on 0..1, 0.0031 on 0..0.01.
export function tintDigits({ low, high }) {
  return Math.min(6, Math.max(2, 2 - Math.floor(Math.log10(high - low))));
}

export function tintTitle(tint) {
  return capitalised(tint.label);
}
