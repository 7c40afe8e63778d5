// Who did something last, the person or the server: the newest wins, whatever comes late. The twin of turns.py.
//
// The page counts what a person does, in all components together: each act has a number, its turn. What is told to
// Python carries the turn of the last act in it. What Python hands over carries a fill, a number that grows whenever it
// has something else to show than what was told, the turn on which that is based, and the last one that it heard of. A
// fill is taken once, and only when nothing was done after the turn on which it is based: what somebody types meanwhile
// is never overwritten.
//
// Every component is a module of its own, and a page that is laid out anew makes new ones. So the count is kept on the
// window.

const SHARED = Symbol.for("rnnviz.turns");

function shared() {
  globalThis[SHARED] ??= { last: 0, events: new WeakMap(), things: new Map() };
  return globalThis[SHARED];
}

// The number of an act that happens now.
export function nextTurn() {
  const counts = shared();
  counts.last += 1;
  return counts.last;
}

// The number of an act that several components hear of: one event is one act.
export function turnOf(event) {
  const { events } = shared();
  if (!events.has(event)) events.set(event, nextTurn());
  return events.get(event);
}

// What is known of one thing that both the person and Python may change. `kept` is for its component, between two mounts.
export class Turns {
  constructor({ own = 0, fill = 0 } = {}) {
    Object.assign(this, { own, fill, told: own, kept: null });
  }

  // The person did something with it.
  act(turn = nextTurn()) {
    this.own = Math.max(this.own, turn);
  }

  // What to do with what Python hands over: "take" it, "keep" what the person did since and tell it again, or nothing,
  // for it is "known" already or older than that.
  meet({ fill, base }) {
    if (fill <= this.fill) return "known";
    this.fill = fill;
    return base >= this.own ? "take" : "keep";
  }

  // Whether Python had heard of everything that was done here.
  isAnswered({ heard }) {
    return heard >= this.own;
  }

  // Whether something was done that has not been told.
  get isUntold() {
    return this.told < this.own;
  }

  // What a message carries besides what it tells.
  stamp() {
    this.told = this.own;
    return { turn: this.own, fill: this.fill };
  }
}

// The turns of the thing of that name.
export function turnsOf(name) {
  const { things } = shared();
  if (!things.has(name)) things.set(name, new Turns());
  return things.get(name);
}
