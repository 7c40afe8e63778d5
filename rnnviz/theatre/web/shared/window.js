// Which part of a long sequence is in view. Pure: { first, count } in steps, and the geometry of the overview strip.

import { codeToValue } from "./decode.js";
import { stepBefore } from "./derived.js";

// No column is thinner than this many CSS pixels.
export const THINNEST = 3;
const FEWEST = 8;

// How many columns have room on `width` CSS pixels.
export function roomFor(width) {
  return Math.max(1, Math.floor(width / THINNEST));
}

export function wholeWindow(steps, room = Infinity) {
  return { first: 0, count: Math.min(steps, Math.max(1, room)) };
}

// The window brought inside the sequence and the room there is.
export function fitWindow({ first, count }, steps, room = Infinity) {
  const most = Math.min(steps, Math.max(1, room));
  const wanted = Number.isFinite(count) ? Math.round(count) : most;
  const fitted = Math.min(Math.max(wanted, Math.min(FEWEST, most)), most);
  const start = Number.isFinite(first) ? Math.round(first) : 0;
  return { first: Math.min(Math.max(start, 0), steps - fitted), count: fitted };
}

export function isWhole(window, steps) {
  return window.count >= steps;
}

export function inWindow(window, step) {
  return step >= window.first && step < window.first + window.count;
}

// The cursor pulls the window along: what comes next stays in sight, an eighth of the window ahead.
export function followed(window, step, steps) {
  if (inWindow(window, step)) return window;
  const ahead = Math.floor(window.count / 8);
  const first = step < window.first ? step - ahead : step + 1 + ahead - window.count;
  return { first: Math.min(Math.max(first, 0), steps - window.count), count: window.count };
}

// `by` 2 shows half as many steps, 0.5 twice as many; the step `at` keeps its place on the screen.
export function zoomed(window, by, at, steps, room = Infinity) {
  if (!(by > 0) || !Number.isFinite(by)) return window;
  const { count } = fitWindow({ first: 0, count: window.count / by }, steps, room);
  const anchor = Math.min(Math.max(at, window.first), window.first + window.count - 1);
  const share = (anchor + 0.5 - window.first) / window.count;
  return fitWindow({ first: anchor + 0.5 - share * count, count }, steps, room);
}

export function panned(window, by, steps) {
  return fitWindow({ first: window.first + by, count: window.count }, steps);
}

// The frame of the window on an overview strip of `width` pixels, never too thin to be grabbed.
export function overviewFrame(window, steps, width, least = 12) {
  const wide = Math.max(Math.min(least, width), (window.count / steps) * width);
  const share = window.count === steps ? 0 : window.first / (steps - window.count);
  return { left: share * (width - wide), width: wide };
}

// The window whose frame begins `left` pixels from the strip's left end: undoes overviewFrame.
export function windowAtFrame(window, steps, width, left, least = 12) {
  const free = width - overviewFrame(window, steps, width, least).width;
  const share = free > 0 ? Math.min(Math.max(left / free, 0), 1) : 0;
  return { first: Math.round(share * (steps - window.count)), count: window.count };
}

export function overviewX(step, steps, width) {
  return ((step + 0.5) / steps) * width;
}

// How much a layer changes at each step: the mean over units of |h_t - h_before|, (T,) floats. Before the first step
// read, which is the last one for a backward layer, the state is 0.
export function changePerStep(hidden, direction = "forward") {
  const [steps, units] = hidden.shape;
  const { codes } = hidden;
  const changes = new Float32Array(steps);
  const scale = (hidden.high - hidden.low) / hidden.top;
  for (let step = 0; step < steps; step += 1) {
    const before = stepBefore(step, direction, steps);
    const offset = (before - step) * units;
    let sum = 0;
    for (let at = step * units; at < (step + 1) * units; at += 1) {
      const isFirst = before === null;
      sum += isFirst ? Math.abs(codeToValue(hidden, codes[at])) : Math.abs(codes[at] - codes[at + offset]) * scale;
    }
    changes[step] = sum / units;
  }
  return changes;
}

// At most `bins` values: the largest of each run of steps, so that no peak is lost.
export function decimated(values, bins) {
  if (values.length <= bins) return Float32Array.from(values);
  const peaks = new Float32Array(Math.max(1, Math.floor(bins))).fill(-Infinity);
  for (let step = 0; step < values.length; step += 1) {
    const bin = Math.floor((step * peaks.length) / values.length);
    peaks[bin] = Math.max(peaks[bin], values[step]);
  }
  return peaks;
}
