// What a person has chosen, and how each gesture changes it. Pure: the screen is drawn from this and from nothing else.

export function initialState({ steps, units }, view = {}) {
  const layer = clampIndex(view.layer ?? 0, units.length);
  return {
    steps,
    units,
    layer,
    step: clampIndex(view.step ?? steps - 1, steps),
    pinnedStep: null,
    pinnedUnit: Number.isInteger(view.unit) && view.unit >= 0 && view.unit < units[layer] ? view.unit : null,
    hover: null,
    playing: false,
    speed: 1,
    muted: [],
  };
}

export function clampIndex(index, count) {
  return Math.min(Math.max(Math.trunc(Number.isFinite(index) ? index : 0), 0), count - 1);
}

// A new reading keeps every choice that still makes sense: pins survive a change of model.
export function adoptReading(state, { steps, units }) {
  const layer = clampIndex(state.layer, units.length);
  const atEnd = state.step === state.steps - 1;
  return {
    ...state,
    steps,
    units,
    layer,
    step: atEnd ? steps - 1 : clampIndex(state.step, steps),
    pinnedStep: state.pinnedStep !== null && state.pinnedStep < steps ? state.pinnedStep : null,
    pinnedUnit: state.pinnedUnit !== null && state.pinnedUnit < units[layer] ? state.pinnedUnit : null,
    hover: null,
    playing: false,
  };
}

const REDUCERS = {
  seek: (state, { step }) => ({ ...state, step: clampIndex(step, state.steps), hover: null, playing: false }),
  move: (state, { by }) => ({
    ...state,
    step: clampIndex(state.step + by, state.steps),
    hover: null,
    playing: false,
  }),
  tick: (state) => {
    if (!state.playing) return state;
    const step = clampIndex(state.step + 1, state.steps);
    return { ...state, step, playing: step < state.steps - 1 };
  },
  play: (state) => ({
    ...state,
    playing: true,
    hover: null,
    step: state.step === state.steps - 1 ? 0 : state.step,
  }),
  pause: (state) => ({ ...state, playing: false }),
  speed: (state, { speed }) => ({ ...state, speed }),
  hover: (state, { step, unit, panel }) => ({ ...state, hover: { step, unit, panel }, playing: false }),
  leave: (state) => (state.hover ? { ...state, hover: null } : state),
  pin: (state, { step, unit }) => {
    const same = state.pinnedStep === step && (unit === null || state.pinnedUnit === unit);
    if (same) return { ...state, pinnedStep: null, pinnedUnit: unit === null ? state.pinnedUnit : null };
    return { ...state, step, pinnedStep: step, pinnedUnit: unit ?? state.pinnedUnit, playing: false };
  },
  unit: (state, { unit }) => ({ ...state, pinnedUnit: clampIndex(unit, state.units[state.layer]), hover: null }),
  clear: (state) => ({ ...state, pinnedStep: null, pinnedUnit: null, hover: null, playing: false }),
  layer: (state, { layer }) => {
    const next = clampIndex(layer, state.units.length);
    const unit = state.pinnedUnit !== null && state.pinnedUnit < state.units[next] ? state.pinnedUnit : null;
    return { ...state, layer: next, pinnedUnit: unit, hover: null };
  },
  // What was turned off stays off, also in a reading that lacks it and in the one after that.
  signal: (state, { name }) => ({
    ...state,
    muted: state.muted.includes(name) ? state.muted.filter((other) => other !== name) : [...state.muted, name],
  }),
};

export function reduce(state, action) {
  return REDUCERS[action.type](state, action);
}

// What the numbers on screen speak about: what is pointed at, else what was chosen.
export function lookedAt(state, fallbackUnit) {
  const step = state.hover?.step ?? state.step;
  const unit = state.hover?.unit ?? state.pinnedUnit ?? fallbackUnit;
  return { step, unit };
}

// Keys: what each one means here, or null when it is not ours.
export function keyAction(key, state, fallbackUnit) {
  const { step, unit } = lookedAt(state, fallbackUnit);
  switch (key) {
    case "ArrowRight":
      return { type: "move", by: 1 };
    case "ArrowLeft":
      return { type: "move", by: -1 };
    case "PageDown":
      return { type: "move", by: 5 };
    case "PageUp":
      return { type: "move", by: -5 };
    case "Home":
      return { type: "seek", step: 0 };
    case "End":
      return { type: "seek", step: state.steps - 1 };
    case "ArrowDown":
      return { type: "unit", unit: unit + 1 };
    case "ArrowUp":
      return { type: "unit", unit: unit - 1 };
    case " ":
      return { type: state.playing ? "pause" : "play" };
    case "Enter":
      return { type: "pin", step, unit };
    case "Escape":
      return { type: "clear" };
    default:
      return null;
  }
}

// What Python is told: only choices that were committed.
export function committed(state) {
  return { layer: state.layer, step: state.pinnedStep, unit: state.pinnedUnit };
}

// The address with the live view in it; values that are the default stay out. Steps and layers count from 1 in print.
export function addressSearch(search, state) {
  const parameters = new URLSearchParams(search);
  const put = (name, value) => (value === null ? parameters.delete(name) : parameters.set(name, String(value)));
  put("layer", state.layer === 0 ? null : state.layer + 1);
  put("step", state.step === state.steps - 1 ? null : state.step + 1);
  put("unit", state.pinnedUnit);
  const text = parameters.toString();
  return text ? `?${text}` : "";
}
