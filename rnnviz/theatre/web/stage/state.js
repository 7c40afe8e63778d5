// What a person has chosen, and how each gesture changes it. Pure: the screen is drawn from this and from nothing else.
// A state is a View (view.js) with a step that is never null, and beside it:
//   shape   what is shown (shapeOf)            hover   null or { step, unit, panel, reading }: what is pointed at
//   unit    the unit walked to, or null        window  { first, count }: the steps in view
//   playing whether it runs                    room    how many steps have room (action "room")

import { sameValue } from "./address.js";
import { ARRANGEMENTS, DEFAULT_VIEW, DIRECTIONS, MOST_PINS, PANEL_NAMES, PREDICTIONS } from "../shared/view.js";
import { REPLAY_SPEEDS, SIGNAL_NAMES, UNIT_ORDERS, VALUE_MODES, VIEW_CHECKS, isIndex, readView } from "../shared/view.js";
import { fitWindow, followed, inWindow, panned, wholeWindow, zoomed } from "../shared/window.js";

export function clampIndex(index, count) {
  return Math.min(Math.max(Math.trunc(Number.isFinite(index) ? index : 0), 0), count - 1);
}

// The sizes of readings shown together (decoded ones): T, the layers, per layer the most units of any reading, whether
// any reads backward too, the signals of all in the order of SIGNAL_NAMES, whether any has a ghost, how many there are.
export function shapeOf(readings) {
  const layers = Math.max(...readings.map((reading) => reading.layers.length));
  const most = (layer) => Math.max(...readings.map((reading) => reading.units[layer] ?? 0));
  const named = new Set(readings.flatMap((reading) => reading.signals.map((signal) => signal.name)));
  return {
    steps: Math.max(...readings.map((reading) => reading.steps)),
    layers,
    units: Array.from({ length: layers }, (_, layer) => most(layer)),
    twoWay: readings.some((reading) => reading.layers.some((layer) => layer.backward)),
    signals: SIGNAL_NAMES.filter((name) => named.has(name)),
    ghost: readings.some((reading) => reading.ghost),
    readings: readings.length,
  };
}

export function initialState(shape, view = {}) {
  const window = wholeWindow(shape.steps);
  const live = { shape, hover: null, unit: null, playing: false, room: Infinity, window };
  return settled({ ...readView(view), ...live });
}

// New readings keep every choice that still makes sense: pins survive a change of model and of digit.
export function adoptReadings(state, shape) {
  const { steps } = state.shape;
  const atEnd = state.step === steps - 1;
  const whole = state.window.count === Math.min(steps, state.room);
  const window = whole ? wholeWindow(shape.steps, state.room) : fitWindow(state.window, shape.steps, state.room);
  const step = atEnd ? null : Math.min(state.step, shape.steps - 1);
  return withCursorInView(settled({ ...state, step, shape, window, hover: null, playing: false }));
}

// Leaves out what does not exist in the shape. What was put away stays so, also while there is no such panel.
function settled(state) {
  const { shape } = state;
  const layer = clampIndex(state.layer, shape.layers);
  const below = shape.units[layer];
  const step = isIndex(state.step, shape.steps) ? state.step : shape.steps - 1;
  const next = {
    ...state,
    layer,
    step,
    direction: shape.twoWay ? state.direction : "forward",
    steps: state.steps.filter((pinned) => pinned < shape.steps),
    units: state.units.filter((unit) => unit < below),
    unit: state.unit !== null && state.unit < below ? state.unit : null,
    values: state.values === "difference" && !shape.ghost ? "raw" : state.values,
    span: state.span !== null && state.span[1] < shape.steps ? state.span : null,
    brush: shape.signals.includes(state.brush) ? state.brush : DEFAULT_VIEW.brush,
    focus: Math.min(state.focus, shape.readings - 1),
  };
  return { ...next, window: fitWindow(next.window, shape.steps, next.room) };
}

function withCursorInView(state) {
  return { ...state, window: followed(state.window, state.step, state.shape.steps) };
}

// Pins: adding one that is there changes nothing; beyond the most, the oldest goes.
function withPin(pins, index) {
  return pins.includes(index) ? pins : [...pins, index].slice(-MOST_PINS);
}

function without(pins, index) {
  return pins.includes(index) ? pins.filter((pinned) => pinned !== index) : pins;
}

const STILL = { hover: null, playing: false };
const choosing = (names, field, name = field) => (state, action) =>
  names.includes(action[name]) ? { ...state, [field]: action[name] } : state;
const switching = (field) => (state, { on }) => ({ ...state, [field]: typeof on === "boolean" ? on : !state[field] });

const REDUCERS = {
  seek: (state, { step }) =>
    Number.isFinite(step) ? { ...state, ...STILL, step: clampIndex(step, state.shape.steps) } : state,
  move: (state, { by }) => REDUCERS.seek(state, { step: state.step + by }),
  tick: (state) => {
    if (!state.playing) return state;
    const last = state.shape.steps - 1;
    if (state.step < last) return { ...state, step: state.step + 1, playing: state.loop || state.step + 1 < last };
    return state.loop && last > 0 ? { ...state, step: 0 } : { ...state, playing: false };
  },
  play: (state) => {
    const last = state.shape.steps - 1;
    return { ...state, playing: last > 0, hover: null, step: state.step === last ? 0 : state.step };
  },
  pause: (state) => ({ ...state, playing: false }),
  speed: choosing(REPLAY_SPEEDS, "speed"),
  loop: switching("loop"),
  hover: (state, { step, unit, panel = null, reading = 0 }) => {
    const { shape } = state;
    const hover = {
      step: isIndex(step, shape.steps) ? step : null,
      unit: isIndex(unit, shape.units[state.layer]) ? unit : null,
      panel,
      reading,
    };
    return { ...state, hover, playing: false };
  },
  leave: (state) => ({ ...state, hover: null }),
  pin: pinPlace,
  pinStep: (state, { step }) =>
    isIndex(step, state.shape.steps) ? { ...state, playing: false, steps: withPin(state.steps, step) } : state,
  pinUnit: (state, { unit }) =>
    isIndex(unit, state.shape.units[state.layer])
      ? { ...state, unit: null, units: withLatest(state.units, unit) }
      : state,
  unpin: (state, { step, unit }) => ({
    ...state,
    steps: without(state.steps, step),
    units: without(state.units, unit),
    unit: state.unit === unit ? null : state.unit,
  }),
  unit: (state, { unit }) =>
    Number.isFinite(unit) ? { ...state, hover: null, unit: clampIndex(unit, state.shape.units[state.layer]) } : state,
  clear: clearNext,
  layer: (state, { layer }) =>
    Number.isFinite(layer) ? settled({ ...state, hover: null, layer: clampIndex(layer, state.shape.layers) }) : state,
  direction: (state, action) => settled(choosing(DIRECTIONS, "direction")(state, action)),
  order: choosing(UNIT_ORDERS, "order"),
  values: (state, action) => settled(choosing(VALUE_MODES, "values")(state, action)),
  panel: (state, { id }) => {
    if (!PANEL_NAMES.includes(id)) return state;
    const hidden = state.hidden.includes(id) ? without(state.hidden, id) : [...state.hidden, id];
    return { ...state, hidden };
  },
  prediction: choosing(PREDICTIONS, "prediction"),
  arrangement: choosing(ARRANGEMENTS, "arrangement"),
  focus: (state, { reading }) =>
    Number.isFinite(reading) ? { ...state, focus: clampIndex(reading, state.shape.readings) } : state,
  span: (state, { first, last }) => {
    if (!Number.isFinite(first) || !Number.isFinite(last)) return { ...state, span: null };
    const ends = [first, last].map((end) => clampIndex(end, state.shape.steps)).sort((a, b) => a - b);
    return { ...state, span: ends, playing: false };
  },
  grow: growSpan,
  threshold: (state, { threshold }) => {
    const within = Math.min(Math.max(Number(threshold), 0), 1);
    return { ...state, threshold: VIEW_CHECKS.threshold(within) ?? state.threshold };
  },
  brush: (state, { signal }) => (state.shape.signals.includes(signal) ? { ...state, brush: signal } : state),
  presenter: switching("presenter"),
  tint: (state, { tint }) => ({ ...state, tint: VIEW_CHECKS.tint(tint) ?? state.tint }),
  window: (state, window) => ({ ...state, window: fitWindow(window, state.shape.steps, state.room) }),
  pan: (state, { by }) =>
    Number.isFinite(by) ? { ...state, window: panned(state.window, by, state.shape.steps) } : state,
  zoom: (state, { by, at = state.step }) =>
    Number.isFinite(at) ? { ...state, window: zoomed(state.window, by, at, state.shape.steps, state.room) } : state,
  room: (state, { columns }) => {
    if (!(columns >= 1)) return state;
    const whole = state.window.count === Math.min(state.shape.steps, state.room);
    const window = whole ? { first: state.window.first, count: Infinity } : state.window;
    const next = { ...state, room: columns, window: fitWindow(window, state.shape.steps, columns) };
    return inWindow(state.window, state.step) ? withCursorInView(next) : next;
  },
  adopt: (state, { view }) => settled({ ...state, ...readView(view), ...STILL, unit: null }),
};

// A click on a pinned place unpins it, a click elsewhere pins and brings the cursor there.
function pinPlace(state, { step = null, unit = null }) {
  const hasStep = isIndex(step, state.shape.steps);
  const hasUnit = isIndex(unit, state.shape.units[state.layer]);
  if (!hasStep && !hasUnit) return state;
  const isPinned = (!hasStep || state.steps.includes(step)) && (!hasUnit || state.units.includes(unit));
  if (isPinned) {
    const walked = hasUnit ? null : state.unit;
    return { ...state, unit: walked, steps: without(state.steps, step), units: without(state.units, unit) };
  }
  return {
    ...state,
    playing: false,
    step: hasStep ? step : state.step,
    steps: hasStep ? withPin(state.steps, step) : state.steps,
    units: hasUnit ? withLatest(state.units, unit) : state.units,
    unit: hasUnit ? null : state.unit,
  };
}

// The unit pinned last is the one that the numbers speak about, so pinning it again brings it to the end.
function withLatest(units, unit) {
  return units.at(-1) === unit ? units : withPin(without(units, unit), unit);
}

// Escape takes away one thing at a time, what lies on top first: the presenter's size, then the span, then the pins (the
// View menu goes before all of them, see director.js). What is pointed at and the replay end in any case.
function clearNext(state) {
  const still = { ...state, ...STILL };
  if (state.presenter) return { ...still, presenter: false };
  if (state.span) return { ...still, span: null };
  return { ...still, steps: [], units: [], unit: null };
}

// Shift and an arrow: the span grows from the cursor like a selection of text; its other end stays.
function growSpan(state, { by }) {
  if (!Number.isFinite(by)) return state;
  const { step, span } = state;
  const isAtEnd = span && (step === span[0] || step === span[1]);
  const anchor = !isAtEnd ? step : step === span[1] ? span[0] : span[1];
  const end = clampIndex(step + by, state.shape.steps);
  return { ...state, ...STILL, step: end, span: [Math.min(anchor, end), Math.max(anchor, end)] };
}

// The state after an action. Whatever the action asks for, the result makes sense; when nothing changes, the very same
// state comes back. The window follows the cursor when that moves, and stays where it was brought while it rests.
export function reduce(state, action) {
  const reducer = Object.hasOwn(REDUCERS, action.type) ? REDUCERS[action.type] : (same) => same;
  let next = reducer(state, action);
  if (next.step !== state.step) next = withCursorInView(next);
  return isSame(state, next) ? state : next;
}

function isSame(one, other) {
  const isKept = (name) => one[name] === other[name] || sameValue(one[name], other[name]);
  return one === other || Object.keys(other).every(isKept);
}

// What the numbers on screen speak about: what is pointed at, else what was walked to, else the latest pin.
export function lookedAt(state, fallbackUnit) {
  const step = state.hover?.step ?? state.step;
  const unit = state.hover?.unit ?? state.unit ?? state.units.at(-1) ?? fallbackUnit;
  return { step, unit };
}

// The state as a View: what a link to exactly this reproduces. A unit walked to counts as the latest pin where there is
// room for one more, and the cursor on the last step as null.
export function viewOfState(state) {
  const view = Object.fromEntries(Object.keys(DEFAULT_VIEW).map((name) => [name, state[name]]));
  const hasRoom = state.units.length < MOST_PINS || state.units.includes(state.unit);
  const units = state.unit === null || !hasRoom ? state.units : withLatest(state.units, state.unit);
  return { ...view, units, step: state.step === state.shape.steps - 1 ? null : state.step };
}

// What Python is told when any of it has changed: choices, not what moves while somebody looks or presents.
export function committed(state) {
  const { step, speed, presenter, ...choices } = viewOfState(state);
  return choices;
}

// What deserves an entry of its own in the browser's history: all of that, but not each unit on a walk.
export function lasting(state) {
  return { ...committed(state), units: state.units };
}

// The message of a commit: the step goes along, but never causes one.
export function commitMessage(state) {
  return { ...committed(state), step: viewOfState(state).step };
}

function following(names, name) {
  return names[(names.indexOf(name) + 1) % names.length];
}

const MOVES = { ArrowRight: 1, ArrowLeft: -1, PageDown: 5, PageUp: -5 };

// What a key means here, or null when it is not ours. `key` is a KeyboardEvent or { key, shiftKey }; `fallback` says
// which unit is looked at when none is chosen, and in which order the rows are drawn: { unit, order }, order being null
// or a row -> unit array (order.js).
export function keyAction({ key, shiftKey = false }, state, fallback) {
  const { step, unit } = lookedAt(state, fallback.unit);
  if (Object.hasOwn(MOVES, key)) return { type: shiftKey ? "grow" : "move", by: MOVES[key] };
  switch (key.length === 1 ? key.toLowerCase() : key) {
    case "Home":
      return { type: "seek", step: 0 };
    case "End":
      return { type: "seek", step: state.shape.steps - 1 };
    case "ArrowDown":
      return { type: "unit", unit: neighbour(fallback.order, unit, 1, state.shape.units[state.layer]) };
    case "ArrowUp":
      return { type: "unit", unit: neighbour(fallback.order, unit, -1, state.shape.units[state.layer]) };
    case " ":
      return { type: state.playing ? "pause" : "play" };
    case "Enter":
      return { type: "pin", step, unit };
    case "Escape":
      return { type: "clear" };
    case "l":
      return { type: "loop" };
    case "o":
      return { type: "order", order: following(UNIT_ORDERS, state.order) };
    case "c":
      return { type: "values", values: following(state.shape.ghost ? VALUE_MODES : ["raw", "change"], state.values) };
    case "p":
      return { type: "presenter" };
    case "+":
    case "=":
      return { type: "zoom", by: 2, at: step };
    case "-":
      return { type: "zoom", by: 0.5, at: step };
    case "[":
      return { type: "layer", layer: state.layer - 1 };
    case "]":
      return { type: "layer", layer: state.layer + 1 };
    default:
      return /^[1-3]$/.test(key) && Number(key) <= state.shape.readings
        ? { type: "focus", reading: Number(key) - 1 }
        : null;
  }
}

// The unit drawn one row further down or up; the ends stay where they are.
function neighbour(order, unit, by, units) {
  const rows = order ? order.length : units;
  const row = order ? order.indexOf(unit) : unit;
  const next = Math.min(Math.max(row + by, 0), rows - 1);
  return order ? order[next] : next;
}
