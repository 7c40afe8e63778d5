// Numbers and sentences, in the words of rnnviz/notation/signals.py. Everything here ends up as textContent, never as HTML.

export function number(value, digits = 2) {
  const text = value.toFixed(digits);
  const zero = Number(text) === 0;
  return (zero ? (0).toFixed(digits) : text).replace("-", "\u2212");
}

// As many decimals as the codes of an array tell apart, three at most: a long reading travels with a byte per value.
export function digitsOf(array, most = 3) {
  return Math.min(most, Math.max(0, Math.floor(-Math.log10((array.high - array.low) / array.top))));
}

// A share of a whole with two digits that say something: 0.250, 0.012, 0.00043, 0.
export function shareNumber(share) {
  if (share < 5e-6) return "0";
  return share >= 0.0995 ? share.toFixed(3) : Number(share.toPrecision(2)).toFixed(1 - Math.floor(Math.log10(share)));
}

// A number whose sign says something: +0.31, −0.20, 0.00.
export function signedNumber(value, digits = 2) {
  const text = number(value, digits);
  return Number(value.toFixed(digits)) > 0 ? `+${text}` : text;
}

export function percentage(probability) {
  const percent = 100 * probability;
  if (percent > 99.95) return "100 %";
  if (percent < 0.05) return "0 %";
  const digits = percent < 0.95 || percent >= 99.5 ? 1 : 0;
  return `${percent.toFixed(digits)} %`;
}

// 2,000. By hand: toLocaleString costs a browser 20 ms when it is first called.
export function grouped(count) {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ",");
}

// 1 value, 2 values, 2,000 values.
export function howMany(count, word, several = `${word}s`) {
  return `${grouped(count)} ${count === 1 ? word : several}`;
}

// a; a and b; a, b and c.
export function listed(words) {
  if (words.length < 2) return words.join("");
  return `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}

export function capitalised(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

// row 5; rows 5 to 9. `span` counts from 0 as everywhere, the words from 1.
export function spanWords([first, last], stepWord) {
  const ends = [first, last].map((step) => grouped(step + 1));
  return first === last ? `${stepWord} ${ends[0]}` : `${stepWord}s ${ends[0]} to ${ends[1]}`;
}

// A, an: by how the name is said, which for capitals is letter by letter.
export function withArticle(name) {
  const isSpelt = /^[A-Z0-9-]+$/.test(name);
  return `${(isSpelt ? /^[AEFHILMNORSX8]/ : /^[aeiou]/i).test(name) ? "an" : "a"} ${name}`;
}

// An RNN has no forget gate.
export function missingWords(title, signal) {
  return `${capitalised(withArticle(title))} has no ${signal.label.toLowerCase()}.`;
}

// How many values lie beyond the drawn range: "1 value lies beyond -4 to 4".
export function beyondWords(count, signal) {
  const range = `beyond ${number(signal.low, 0)} to ${number(signal.high, 0)}`;
  if (count === 0) return `no value lies ${range}`;
  return `${howMany(count, "value")} ${count === 1 ? "lies" : "lie"} ${range}`;
}

export function signalWords(signal, value) {
  const band = signal.bands.find(([bound]) => value < bound) ?? signal.bands.at(-1);
  const percent = Math.round(100 * value);
  return band[1]
    .replaceAll("{percent}", String(percent))
    .replaceAll("{rest}", String(100 - percent))
    .replaceAll("{value}", number(value));
}

// How a value came from the step before: `before` is that step, or null for the first step read. A state starts at 0;
// a gate has no value before the first step, so its change is NaN there.
export function changeWords(change, before, stepWord) {
  if (Number.isNaN(change)) return `no ${stepWord} was read before this one`;
  const from = before === null ? "0, where it starts" : `${stepWord} ${before + 1}`;
  if (change === 0) return `unchanged from ${from}`;
  if (Math.abs(change) < 0.005) return `changed by less than 0.01 from ${from}`;
  return `${change > 0 ? "rose" : "fell"} by ${number(Math.abs(change))} from ${from}`;
}

// Where a value lies beside the ghost's at the same step; NaN where the ghost has no such step.
export function differenceWords(difference, step, stepWord) {
  if (Number.isNaN(difference)) return `the ghost has no ${stepWord} ${step + 1}`;
  if (difference === 0) return "the same as the ghost";
  if (Math.abs(difference) < 0.005) return "within 0.01 of the ghost";
  return `${number(Math.abs(difference))} ${difference > 0 ? "above" : "below"} the ghost`;
}

// forget gate of unit 37 at row 12: 0.93, keeps 93 % of the cell
export function signalSentence(signal, value, unit, step, stepWord, words = signalWords(signal, value), digits = 2) {
  return `${signal.label.toLowerCase()} of unit ${unit} at ${stepWord} ${step + 1}: ${number(value, digits)}, ${words}`;
}

export function whereWords(reading, step) {
  return `${capitalised(reading.step_word)} ${grouped(step + 1)} of ${grouped(reading.steps)}`;
}

export function stepSentence(reading, step, leader, probability) {
  return `${whereWords(reading, step)}: reads ${reading.classes[leader]} with ${percentage(probability)}`;
}
