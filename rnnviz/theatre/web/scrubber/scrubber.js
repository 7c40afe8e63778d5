// The scrubber of the time machine: a slider over the snapshots of a training, with buttons. It plays by itself here, the
// next snapshot when the last one is on the screen; what a person does with it ends that at once. While a hand holds the
// slider nothing that Python says moves it or changes its places.

import { buildButton, element, setAttribute, setText } from "../shared/dom.js";
import { Teller } from "../shared/teller.js";
import { turnsOf } from "../shared/turns.js";
import { unpack } from "../shared/unpack.js";

const SCRUBBERS = new WeakMap();
const PACE = 900;
const MOVING = new Set(["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End", "PageUp", "PageDown"]);
const KEYS = "Arrow keys move by one snapshot, Home and End go to the first and the last, space plays";

class Scrubber {
  constructor(parent, { name }) {
    this.turns = turnsOf(name);
    this.teller = new Teller(this.turns, "picked");
    Object.assign(this, { step: this.turns.kept, isHeld: false, isPlaying: false, isDue: false });
    this.build(parent, name);
  }

  build(parent, name) {
    this.range = element("input", { type: "range", class: "moment", min: "0", step: "1", id: `scrubber-${name}` });
    this.label = element("label", { for: this.range.id });
    this.said = element("output", { class: "said" });
    this.ends = [element("span"), element("span")];
    this.buttons = {
      first: buildButton("First", "The first snapshot (Home)", () => this.goTo(0)),
      previous: buildButton("Previous", "One snapshot back (left arrow)", () => this.goTo(this.place - 1)),
      play: buildButton("Play", "One snapshot after the other, about one a second (space)", () => this.toggle(), "play"),
      next: buildButton("Next", "One snapshot on (right arrow)", () => this.goTo(this.place + 1)),
      last: buildButton("Last", "The last snapshot (End)", () => this.goTo(this.steps.length - 1)),
    };
    this.root = element(
      "section",
      { class: "scrubber" },
      element("div", { class: "words" }, this.label, this.said),
      this.range,
      element("div", { class: "ends", "aria-hidden": "true" }, ...this.ends),
      element("div", { class: "buttons", role: "group", "aria-label": "Snapshots" }, ...Object.values(this.buttons)),
    );
    parent.append(this.root);
    this.listen();
  }

  listen() {
    const { range } = this;
    range.onpointerdown = () => {
      this.isHeld = true;
      this.pause();
    };
    range.onpointerup = range.onpointercancel = range.onblur = () => this.release();
    range.oninput = () => this.goTo(Number(range.value));
    range.onkeydown = (event) => {
      if (MOVING.has(event.key)) this.pause();
      if (event.key !== " ") return;
      event.preventDefault();
      this.toggle();
    };
  }

  release() {
    if (!this.isHeld) return;
    this.isHeld = false;
    this.lay();
  }

  get place() {
    return placeOf(this.step, this.steps);
  }

  goTo(place) {
    this.pause();
    this.move(place);
  }

  move(place) {
    const step = this.steps[Math.min(Math.max(place, 0), this.steps.length - 1)];
    if (step === this.step) return;
    this.step = this.turns.kept = step;
    this.teller.act({ value: step });
    this.show();
  }

  toggle() {
    if (this.isPlaying) this.pause();
    else this.play();
  }

  play() {
    this.isPlaying = true;
    if (this.place === this.steps.length - 1) this.move(0);
    this.wait();
    this.show();
  }

  pause() {
    if (!this.isPlaying) return;
    this.stop();
    this.show();
  }

  stop() {
    clearTimeout(this.timer);
    this.isPlaying = this.isDue = false;
  }

  wait() {
    this.isDue = false;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.isDue = true;
      this.playOn();
    }, PACE);
  }

  // The next snapshot, when it is its time and the last one is on the screen.
  playOn() {
    if (!this.isDue || !this.turns.isAnswered(this.data)) return;
    this.move(this.place + 1);
    if (this.place < this.steps.length - 1) this.wait();
    else this.pause();
  }

  update(data, tell) {
    this.data = data;
    const met = this.turns.meet(data);
    if (met === "take" || this.step === null) {
      this.step = this.turns.kept = data.step;
      this.stop();
    }
    this.teller.meet(data, tell);
    if (met === "keep" || this.teller.isBehind) this.teller.say({ value: this.step });
    if (!this.isHeld) this.lay();
    this.root.dataset.heard = String(data.heard);
    this.playOn();
  }

  lay() {
    const { steps, words, ends, label, help } = this.data;
    Object.assign(this, { steps, words });
    setText(this.label, label);
    setAttribute(this.range, "title", `${help} ${KEYS}.`);
    setAttribute(this.range, "max", String(steps.length - 1));
    this.ends.forEach((node, i) => setText(node, ends[i]));
    this.show();
  }

  show() {
    const { place, range, buttons, isPlaying } = this;
    if (range.value !== String(place)) range.value = String(place);
    setText(this.said, this.words[place]);
    setAttribute(range, "aria-valuetext", this.words[place]);
    setText(buttons.play, isPlaying ? "Pause" : "Play");
    // The theatre on the same page plays, too.
    setAttribute(buttons.play, "aria-label", isPlaying ? "Pause the training" : "Play the training");
    setAttribute(this.root, "data-playing", String(isPlaying));
    setAttribute(this.root, "data-step", String(this.step));
    // Not disabled, for the focus would be lost where a row of clicks ends.
    for (const name of ["first", "previous"]) setAttribute(buttons[name], "aria-disabled", String(place === 0));
    for (const name of ["next", "last"]) {
      setAttribute(buttons[name], "aria-disabled", String(place === this.steps.length - 1));
    }
  }

  destroy() {
    this.stop();
    this.teller.destroy();
    this.root.remove();
  }
}

// Where a step stands: at its own place, or else at that of the last one before it, or else at the first.
export function placeOf(step, steps) {
  return Math.max(0, steps.findLastIndex((one) => one <= step));
}

export default function mountScrubber({ data, parentElement, setStateValue }) {
  const given = unpack(data);
  let scrubber = SCRUBBERS.get(parentElement);
  if (!scrubber) {
    scrubber = new Scrubber(parentElement, given);
    SCRUBBERS.set(parentElement, scrubber);
  }
  scrubber.update(given, setStateValue);
  return () => {
    scrubber.destroy();
    SCRUBBERS.delete(parentElement);
  };
}
