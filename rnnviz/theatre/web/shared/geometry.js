// Where things are on the time axis. All panels share it, so a step has one place on the whole stage. `first` is the
// first step in view and `steps` how many are in view; columns are asked for by their place in the whole sequence.

export function timeAxis(width, steps, gutter, right = 0, first = 0) {
  return { gutter, width: width - gutter - right, steps, first, column: (width - gutter - right) / steps };
}

export function columnLeft(axis, step) {
  return axis.gutter + (step - axis.first) * axis.column;
}

export function columnCentre(axis, step) {
  return columnLeft(axis, step) + axis.column / 2;
}

// The step under x, or null beside the steps in view.
export function stepAt(axis, x) {
  const column = Math.floor((x - axis.gutter) / axis.column);
  return column < 0 || column >= axis.steps ? null : axis.first + column;
}

export function unitAt(y, height, units) {
  return Math.min(units - 1, Math.max(0, Math.floor((y / height) * units)));
}

// Whole device pixels per unit while that stays within reason; long layers are squeezed into the tallest panel.
export function heatmapHeight(units, ratio, { least = 72, most = 192, wanted = 128 } = {}) {
  const perUnit = Math.max(1, Math.round((wanted * ratio) / units));
  return Math.min(most, Math.max(least, (units * perUnit) / ratio));
}

// Labelled steps of those in view (1-based in print): round numbers as many as fit without touching, and always the
// first and the last. Pixels between two labels: at least `least`, by default what the longest number needs.
export function ticks(first, count, column, least = 6 + 8 * Math.max(2, String(first + count).length)) {
  const strides = [1, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000];
  const stride = strides.find((candidate) => candidate * column >= least) ?? count;
  const last = first + count - 1;
  const inner = [];
  for (let step = Math.ceil((first + 1) / stride) * stride - 1; step < last; step += stride) {
    if ((step - first) * column >= least && (last - step) * column >= least) inner.push(step);
  }
  return last === first ? [first] : [first, ...inner, last];
}

// The smallest of these fixed tops that holds the value: bars of two readings stay comparable by their printed top.
const BAR_TOPS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1];

export function barTop(value) {
  return BAR_TOPS.find((top) => value <= top) ?? 1;
}
