// What a selected span answers: the units that are on throughout it and off outside, in a strip at the lower edge of
// the window, so that nothing above it moves.

import { buildButton, buildSelect, element, setAttribute, setText } from "../shared/dom.js";
import { brushSentence } from "../shared/speech.js";
import { number, spanWords } from "../shared/words.js";

const MOST_CHIPS = 18;

export class Dock {
  constructor(node, dispatch, preview) {
    Object.assign(this, { node, dispatch, preview });
    this.title = element("strong", {});
    this.sentence = element("p", { class: "dock-sentence" });
    const giveUp = () => dispatch({ type: "span", first: null });
    const close = buildButton("\u00d7", "Clear selection (Esc)", giveUp, "plain");
    close.setAttribute("aria-label", "Clear selection");
    this.signal = buildSelect("dock-signal", "Signal", "The signal that must be on within the span", (signal) =>
      dispatch({ type: "brush", signal }),
    );
    this.units = element("div", { class: "dock-units" });
    const controls = element("div", { class: "dock-controls" }, this.signal.node, this.buildThreshold(), close);
    node.append(element("div", { class: "dock-line" }, this.title, controls), this.sentence, this.units);
  }

  buildThreshold() {
    const title = "How strong a value must be to count as on; what lies below counts as off";
    this.range = element("input", { type: "range", min: "0.05", max: "0.95", step: "0.05", title });
    this.output = element("output", {});
    this.range.oninput = () => this.dispatch({ type: "threshold", threshold: Number(this.range.value) });
    return element("label", { class: "field", title }, element("span", {}, "On from"), this.range, this.output);
  }

  refresh({ state, readings, focused, hits }) {
    const { span } = state;
    this.node.hidden = span === null;
    if (!span) return;
    const word = focused.step_word;
    const signals = state.shape.signals.map((name) => [name, labelOf(name, readings)]);
    this.signal.fill(signals);
    this.signal.mark(state.brush);
    if (Number(this.range.value) !== state.threshold) this.range.value = String(state.threshold);
    setText(this.output, number(state.threshold));
    setAttribute(this.range, "aria-valuetext", `on from ${number(state.threshold)}`);
    setText(this.title, spanWords(span, word));
    const mine = hits.find(({ index }) => readings[index] === focused);
    setText(this.sentence, sentence(mine, focused, state, labelOf(state.brush, readings), readings.length > 1));
    this.list(mine, state);
  }

  list(hit, state) {
    const found = hit?.found ?? [];
    const key = JSON.stringify([found.map(({ unit, sign }) => [unit, sign]), state.units]);
    if (key === this.key) return;
    this.key = key;
    const chips = found.slice(0, MOST_CHIPS).map((one) => this.chip(one, state.units.includes(one.unit)));
    const more = found.length - chips.length;
    if (more > 0) chips.push(element("span", { class: "quiet" }, `and ${more} more`));
    this.units.replaceChildren(...chips);
  }

  chip({ unit, sign, least, most }, pinned) {
    const outside = most === null ? "" : `, at most ${number(sign * most)} outside`;
    const title = `Unit ${unit}: at least ${number(sign * least)} within${outside}. Click to pin or unpin.`;
    const toggle = () => this.dispatch(pinned ? { type: "unpin", unit } : { type: "pinUnit", unit });
    const button = buildButton(`${unit} ${sign > 0 ? "+" : "\u2212"}`, title, toggle, "dock-unit");
    setAttribute(button, "aria-pressed", String(pinned));
    setAttribute(button, "aria-label", `unit ${unit}, ${sign > 0 ? "positive" : "negative"}`);
    button.onpointerenter = () => this.preview(unit);
    button.onpointerleave = () => this.preview(null);
    return button;
  }
}

function labelOf(name, readings) {
  return readings.flatMap(({ signals }) => signals).find((signal) => signal.name === name).label;
}

function sentence(hit, reading, state, label, several) {
  const who = several ? `${reading.title}: ` : "";
  if (!hit) return `${who}there is no ${label.toLowerCase()} to look at. Choose another signal.`;
  const count = hit.found.length;
  const throughout = hit.throughout.length - count;
  if (count === 0) return who + brushSentence(hit.found, hit.throughout, state, { label }, reading.step_word);
  const units = count === 1 ? "1 unit is" : `${count} units are`;
  const verb = throughout === 1 ? "is" : "are";
  const rest = throughout === 0 ? "" : ` ${throughout} more ${verb} on throughout, but outside too.`;
  return `${who}${units} on (${label.toLowerCase()}) throughout and off everywhere else.${rest}`;
}
