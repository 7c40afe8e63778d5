// What is worked out of the state and the readings, beyond what the state itself holds.

import { unitsOn, unitsThroughout } from "./brush.js";

const DRAWN_ANEW = [
  ...["layer", "direction", "order", "values", "hidden", "prediction"],
  ...["arrangement", "presenter", "window", "focus"],
];

// Whether a change of state is drawn anew, or only moves marks.
export function isDrawnAnew(before, after) {
  return before.units.length !== after.units.length || DRAWN_ANEW.some((name) => before[name] !== after[name]);
}

// Per reading that has the signal looked at, the units that are on within the selected span: `found` those that are off
// outside it, `throughout` all of them. Empty without a span.
export function brushedUnits(readings, state, direction) {
  const { span, threshold, brush: signal, layer } = state;
  if (!span) return [];
  return readings.flatMap((reading, index) => {
    const array = reading.layers[layer]?.[direction]?.[signal];
    if (!array) return [];
    const { kind } = reading.signals.find(({ name }) => name === signal);
    const asked = { span, threshold, sign: kind === "gate" ? 1 : null };
    return [{ index, signal, found: unitsOn(array, asked), throughout: unitsThroughout(array, asked) }];
  });
}

// The units drawn as lines: all pinned ones, the last of them giving way to the one pointed at.
export function unitLanes(units, looked) {
  if (units.length < 2) return [looked];
  return units.includes(looked) ? units : [...units.slice(0, -1), looked];
}

// What tests, and anybody who looks, may know of the state: attributes of the theatre's element.
export function toldState(state, unit, tint) {
  const { step, layer, playing, order, values, direction, focus, window: view, span, prediction } = state;
  const told = { step, unit, layer, playing, order, values, direction, focus, prediction, tint };
  Object.assign(told, { first: view.first, count: view.count, span: span ? `${span[0] + 1}-${span[1] + 1}` : "" });
  return Object.entries(told).map(([name, value]) => [name, String(value)]);
}
