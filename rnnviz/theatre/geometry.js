// Where things are on the time axis. All panels share it, so a step has one place on the whole stage.

export function timeAxis(width, steps, gutter, right = 0) {
  return { gutter, width: width - gutter - right, steps, column: (width - gutter - right) / steps };
}

export function columnLeft(axis, step) {
  return axis.gutter + step * axis.column;
}

export function columnCentre(axis, step) {
  return columnLeft(axis, step) + axis.column / 2;
}

export function stepAt(axis, x) {
  const step = Math.floor((x - axis.gutter) / axis.column);
  return step < 0 || step >= axis.steps ? null : step;
}

export function unitAt(y, height, units) {
  return Math.min(units - 1, Math.max(0, Math.floor((y / height) * units)));
}

// Whole device pixels per unit while that stays within reason; long layers are squeezed into the tallest panel.
export function heatmapHeight(units, ratio, { least = 72, most = 192, wanted = 128 } = {}) {
  const perUnit = Math.max(1, Math.round((wanted * ratio) / units));
  return Math.min(most, Math.max(least, (units * perUnit) / ratio));
}

// Labelled steps (1-based in print): as many as fit without touching, always the first and the last.
export function ticks(steps, column, least = 22) {
  const strides = [1, 5, 10, 20, 50, 100, 200, 500, 1000];
  const stride = strides.find((candidate) => candidate * column >= least) ?? steps;
  const last = steps - 1;
  const inner = [];
  for (let step = stride - 1; step < last; step += stride) {
    if (step * column >= least && (last - step) * column >= least) inner.push(step);
  }
  return last === 0 ? [0] : [0, ...inner, last];
}

// The smallest of four fixed tops that holds the value: bars of two readings stay comparable by their printed top.
export function barTop(value) {
  return [0.1, 0.25, 0.5, 1].find((top) => value <= top) ?? 1;
}
