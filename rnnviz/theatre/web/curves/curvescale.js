// Scales, ticks, paths and numbers of the curves: arithmetic only, tested without a browser.

import { grouped } from "../shared/words.js";

const EXPONENTS = "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079";
const FAR = 1e4;
// Pixels that a letter of a small label takes, nearly.
const LETTER = 6.3;
const GAP = 8;
const EPSILON = 1e-9;

// Between values and pixels. On a logarithmic axis zero, and what is below it, has no finite place.
export function scaleOf([low, high], isLog, from, to) {
  const turned = (value) => (isLog ? Math.log10(value) : value);
  const start = turned(low);
  const span = turned(high) - start || 1;
  return {
    place: (value) => from + ((turned(value) - start) / span) * (to - from),
    value: (pixel) => {
      const at = start + ((pixel - from) / (to - from)) * span;
      return isLog ? 10 ** at : at;
    },
  };
}

// Round numbers from low to high, `most` or fewer steps apart; `whole` ones only where parts make no sense.
export function linearTicks(low, high, most, whole = false) {
  const rough = (high - low) / Math.max(most, 1);
  if (!(rough > 0) || !Number.isFinite(rough)) return { ticks: [low], step: 1 };
  const base = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 5, 10].find((times) => times * base >= rough * (1 - EPSILON));
  const step = whole ? Math.max(1, factor * base) : factor * base;
  const ticks = [];
  for (let i = Math.ceil(low / step - EPSILON); i * step <= high * (1 + EPSILON); i += 1) ticks.push(i * step + 0);
  return { ticks, step };
}

// Whole decades, some left out where there are many; their doubles and fives where there are two or fewer.
export function logTicks(low, high, most) {
  const first = Math.ceil(Math.log10(low) - EPSILON);
  const last = Math.floor(Math.log10(high) + EPSILON);
  const every = Math.max(1, Math.ceil((last - first + 1) / Math.max(most, 1)));
  const ticks = [];
  for (let power = first - 1; power <= last; power += 1) {
    if (power >= first && (power - first) % every === 0) ticks.push(10 ** power);
    if (last - first <= 1 && most >= 4) ticks.push(2 * 10 ** power, 5 * 10 ** power);
  }
  return ticks.filter((tick) => tick >= low * (1 - EPSILON) && tick <= high * (1 + EPSILON));
}

// A number of a linear axis with as many decimals as its step has.
export function tickText(value, step) {
  if (value === 0) return "0";
  if (step < 1e-4 || Math.abs(value) >= 1e6) return powerText(value);
  const decimals = Math.max(0, Math.ceil(-Math.log10(step) - EPSILON));
  const [whole, part] = Math.abs(value).toFixed(decimals).split(".");
  return `${value < 0 ? "\u2212" : ""}${grouped(whole)}${part ? `.${part}` : ""}`;
}

// A number of a logarithmic axis: 0.01, 1,000, 10⁻⁵.
export function logText(value) {
  if (value >= 0.000999 && value < 99999) return grouped(Number(value.toPrecision(2)));
  return powerText(value);
}

function powerText(value) {
  const [factor, power] = Number(value.toPrecision(3)).toExponential().split("e");
  const raised = [...power.replace("+", "")].map((digit) => EXPONENTS[digit] ?? "\u207b").join("");
  return `${factor === "1" ? "" : `${factor}\u00b7`}10${raised}`;
}

// A measured value, as exact as it is worth being read.
export function written(value, measure) {
  if (!Number.isFinite(value)) return "not a number";
  if (measure === "accuracy") return `${(100 * value).toFixed(1)} %`;
  if (measure === "loss") return value.toFixed(4);
  if (value === 0) return "0";
  const size = Math.abs(value);
  return size >= 1e4 || size < 1e-4 ? powerText(value) : String(Number(value.toPrecision(3)));
}

function pixel(value) {
  return Math.round(10 * Math.min(Math.max(value, -FAR), FAR)) / 10;
}

// The stretches of a line where it has a place, as lists of points [x, y].
function stretches(steps, values, across, up) {
  const found = [];
  let open = null;
  for (let i = 0; i < steps.length; i += 1) {
    const [x, y] = [across.place(steps[i]), up.place(values[i])];
    if (!Number.isFinite(x) || !Number.isFinite(y)) open = null;
    else {
      if (open === null) found.push((open = []));
      open.push([pixel(x), pixel(y)]);
    }
  }
  return found;
}

// The data of a path; a point alone is a dash of no length, which a round end makes a dot.
export function linePath(steps, values, across, up) {
  return stretches(steps, values, across, up)
    .map((points) => {
      const text = points.map((point) => point.join(" ")).join("L");
      return points.length === 1 ? `M${text}h0` : `M${text}`;
    })
    .join("");
}

// The area between two lines, where both have a place.
export function bandPath(steps, low, high, across, up) {
  const both = (one, other) => one.map((value, i) => (Number.isFinite(up.place(other[i])) ? value : NaN));
  const lows = stretches(steps, both(Array.from(low), high), across, up);
  const highs = stretches(steps, both(Array.from(high), low), across, up);
  return lows
    .map((points, i) => `M${[...points, ...highs[i].toReversed()].map((point) => point.join(" ")).join("L")}Z`)
    .join("");
}

const SIGNS = {
  circle: (x, y, r) => `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0Z`,
  square: (x, y, r) => `M${x - r} ${y - r}h${2 * r}v${2 * r}h${-2 * r}Z`,
  diamond: (x, y, r) => `M${x} ${y - 1.3 * r}l${1.3 * r} ${1.3 * r}l${-1.3 * r} ${1.3 * r}l${-1.3 * r} ${-1.3 * r}Z`,
};

export function signPath(sign, x, y, radius = 3) {
  return (SIGNS[sign] ?? SIGNS.circle)(x, y, radius);
}

// A sign at every point of a line that has a place.
export function signsPath(sign, steps, values, across, up) {
  return stretches(steps, values, across, up)
    .flat()
    .map(([x, y]) => signPath(sign, x, y))
    .join("");
}

// The index of the step that is nearest, of steps that rise; -1 where there are none.
export function nearest(steps, step) {
  let [first, last] = [0, steps.length - 1];
  while (last - first > 1) {
    const middle = (first + last) >> 1;
    if (steps[middle] <= step) first = middle;
    else last = middle;
  }
  return last >= 0 && Math.abs(steps[last] - step) < Math.abs(steps[first] - step) ? last : Math.min(first, last);
}

// All steps of some lines once, rising.
export function allSteps(lines) {
  return Float64Array.from(new Set(lines.flatMap(({ steps }) => Array.from(steps)))).sort();
}

const LONG = ["steps", "values", "smooth", "low", "high"];

// The lines with what Python packed as numbers, and without step 0 where the axis of steps has no place for it.
export function unpackedLines(lines, isLog) {
  return lines.map((line) => ({ ...line, ...numbersOf(line, isLog) })).filter(({ steps }) => steps.length > 0);
}

function numbersOf(line, isLog) {
  const steps = floats(line.steps);
  const hasPlace = (_, i) => !isLog || steps[i] > 0;
  return Object.fromEntries(LONG.map((name) => [name, floats(line[name])?.filter(hasPlace) ?? null]));
}

// The step as it was, moved to the nearer end where there are no such steps now; null where there are none at all.
export function within(step, steps) {
  if (step === null || steps.length === 0) return null;
  return Math.min(Math.max(step, steps[0]), steps.at(-1));
}

// The labels of events that have room beside each other between two ends; of those that have not the later ones.
export function fittingLabels(marks, across, left, right) {
  const kept = [];
  for (const { step, text } of marks.toReversed()) {
    const half = (text.length * LETTER) / 2;
    const x = Math.min(Math.max(across.place(step), left + half), right - half);
    if (kept.every((other) => Math.abs(other.x - x) > half + other.half + GAP)) kept.push({ x, half, text, step });
  }
  return kept.reverse();
}

// The float32 numbers that Python sent as base64; null where it sent none.
export function floats(text) {
  if (text === null) return null;
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return new Float32Array(bytes.buffer);
}
