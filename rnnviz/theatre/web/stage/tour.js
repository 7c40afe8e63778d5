// The tour of a first visit: six short cards that ask for a gesture and notice when it was made. A card stands in the
// flow of the page and covers nothing; it can be passed over or left at any time, and comes once.

import { element, setText } from "../shared/dom.js";
import { SIGNAL_NAMES } from "../shared/view.js";

const TOUR_KEY = "rnnviz.tour";
const TOUR_OVER = "over";
const MOVES_ON_AFTER = 1200;
const REST_FOR = 600;

const isAt = (panel) => SIGNAL_NAMES.includes(panel);

// Per card `done(before, after, event)`: two states and the action between them, or { type: "readings" } when another
// reading has come. A card with `rest` wants the pointer to rest there for as many milliseconds.
export const TOUR = [
  {
    title: "Step through the sequence",
    text:
      "Press the right and left arrow keys, or drag the slider. The framed column is being read; what lies right of " +
      "it has not been read yet.",
    done: (before, after, { type }) => (type === "seek" || type === "move") && after.step !== before.step,
  },
  {
    title: "Let it play",
    text: "Press the space bar or Play, and watch how the prediction makes up its mind. Pointing at a panel pauses.",
    done: (before, after, { type }) => type === "play" && after.playing,
  },
  {
    title: "Point at a gate and read its words",
    text:
      "In the coloured panels a line is one unit of the network and a column one step. Rest the pointer on one, or " +
      "walk with the up and down arrow keys: a sentence says what that number does.",
    done: (before, after, { type }) =>
      type === "unit" || (type === "hover" && isAt(after.hover?.panel) && after.hover.unit !== null),
    rest: REST_FOR,
  },
  {
    title: "Pin a unit",
    text:
      "Click on a unit, or press Enter, and it stays chosen, also when the input changes. You can pin several. A " +
      "second click takes a pin away; Escape takes all.",
    done: (before, after) => after.units.some((unit) => !before.units.includes(unit)),
  },
  {
    title: "Ask which units are on here",
    text:
      "Drag across a panel, or hold Shift and press an arrow key. You are told which units are on throughout these " +
      "steps and off outside.",
    done: (before, after) => after.span !== null && after.span[0] < after.span[1] && after.span !== before.span,
  },
  {
    title: "Change the input or the network",
    text:
      "Pick another example or draw one, or choose another cell. Your pins stay where they are, so you can compare.",
    done: (before, after, { type }) => type === "readings",
  },
];

// What was remembered of an earlier visit: the card to go on with, or null when the tour is over. Where nothing can be
// remembered there is no tour, since it would come again and again.
function rememberedCard() {
  try {
    const text = window.localStorage.getItem(TOUR_KEY);
    if (text === TOUR_OVER) return null;
    const card = Number(text ?? 0);
    return Number.isInteger(card) && card >= 0 && card < TOUR.length ? card : 0;
  } catch {
    return null;
  }
}

function remember(text) {
  try {
    window.localStorage.setItem(TOUR_KEY, text);
  } catch {
    // A browser that keeps nothing shows the tour only when asked.
  }
}

export class Tour {
  // Draws into `node`, an empty element in the flow, which is hidden while there is no tour. `onSkip` is called when
  // the tour ends, however it ends; with true if the focus was on the card and wants a new place.
  constructor(node, { onSkip = () => {} } = {}) {
    this.node = node;
    this.onSkip = onSkip;
    this.card = null;
    this.timers = {};
    this.parts = null;
    node.hidden = true;
  }

  static wanted() {
    return rememberedCard() !== null;
  }

  get active() {
    return this.card !== null;
  }

  // From the card where an earlier visit stopped, or from the first (the Tour button: `start(0)`).
  start(card = rememberedCard() ?? 0) {
    this.parts ??= this.build();
    this.show(card);
  }

  // Tell the tour of everything that happened; it looks only at what the present card asks for.
  notice(before, after, event) {
    if (!this.active || this.isDone) return;
    const { done, rest } = TOUR[this.card];
    if (!done(before, after, event)) {
      if (event.type === "leave" || event.type === "hover") this.moveOffRest();
    } else if (rest && event.type === "hover") {
      this.timers.rest ??= setTimeout(() => this.markDone(), rest);
    } else {
      this.markDone();
    }
  }

  moveOffRest() {
    clearTimeout(this.timers.rest);
    delete this.timers.rest;
  }

  markDone() {
    this.moveOffRest();
    this.isDone = true;
    setText(this.parts.check, "\u2713 Done");
    this.timers.next = setTimeout(() => this.next(), MOVES_ON_AFTER);
  }

  next() {
    if (this.card === TOUR.length - 1) this.end();
    else this.show(this.card + 1);
  }

  // Leaves the tour for good.
  end() {
    const hadFocus = this.node.contains(document.activeElement);
    this.stop();
    remember(TOUR_OVER);
    this.onSkip(hadFocus);
  }

  // Puts the card away without remembering anything: the theatre goes.
  stop() {
    this.clearTimers();
    this.card = null;
    this.node.hidden = true;
  }

  clearTimers() {
    Object.values(this.timers).forEach(clearTimeout);
    this.timers = {};
  }

  show(card) {
    this.clearTimers();
    this.card = card;
    this.isDone = false;
    if (Tour.wanted()) remember(String(card));
    const { title, text } = TOUR[card];
    const { check, count, heading, words, next } = this.parts;
    setText(check, "");
    setText(count, `${card + 1} of ${TOUR.length}`);
    setText(heading, title);
    setText(words, text);
    setText(next, card === TOUR.length - 1 ? "Finish" : "Next");
    this.node.hidden = false;
  }

  // Built once; only texts change, so that a button keeps the focus when it is pressed.
  build() {
    const count = element("span", { class: "tour-count" });
    const check = element("span", { class: "tour-check" });
    const heading = element("strong", { class: "tour-title" });
    const words = element("p", { class: "tour-text" });
    const skip = element("button", { type: "button", class: "tour-skip", title: "End the tour" }, "Skip");
    const next = element("button", { type: "button", class: "tour-next", title: "Go on without doing this" });
    skip.onclick = () => this.end();
    next.onclick = () => this.next();
    const head = element("p", { class: "tour-head" }, count, heading, check);
    const said = element("div", { class: "tour-said", role: "status" }, head, words);
    this.node.classList.add("tour");
    this.node.setAttribute("role", "region");
    this.node.setAttribute("aria-label", "Tour");
    this.node.replaceChildren(said, element("div", { class: "tour-buttons" }, skip, next));
    return { count, check, heading, words, next };
  }
}
