// The row of pins: a chip for each pinned step and unit, and a word on how to make one while there is none.

import { buildButton, element, setText } from "../shared/dom.js";

export class PinRow {
  constructor(node, dispatch) {
    this.node = node;
    this.dispatch = dispatch;
    this.hint = element("span", { class: "pin-hint" });
  }

  refresh({ steps, units, span }, word, coarse, isText) {
    const key = [steps.join("."), units.join("."), word].join("|");
    if (key !== this.key) this.build(steps, units, word);
    this.key = key;
    const drag = coarse ? `drag to move through the ${word}s` : `drag to select ${word}s`;
    setText(this.hint, `${coarse ? "Tap" : "Click"} ${isText ? "a word or a heatmap" : "a heatmap"} to pin a ${word} and a unit; ${drag}.`);
    this.hint.hidden = steps.length + units.length > 0 || (span !== null && !coarse);
  }

  build(unsorted, units, word) {
    const steps = [...unsorted].sort((a, b) => a - b);
    const chips = [
      ...steps.map((step) => this.chip(`${word} ${step + 1}`, { step }, { type: "seek", step })),
      ...units.map((unit) => this.chip(`unit ${unit}`, { unit }, { type: "unit", unit })),
    ];
    if (chips.length > 1) {
      chips.push(buildButton("Unpin all", "Take away all pins (Esc)", () => this.unpinAll(steps, units), "plain"));
    }
    this.node.replaceChildren(this.hint, ...chips);
  }

  unpinAll(steps, units) {
    for (const step of steps) this.dispatch({ type: "unpin", step });
    for (const unit of units) this.dispatch({ type: "unpin", unit });
  }

  // Two buttons beside each other: one goes there, one takes the pin away.
  chip(label, unpin, go) {
    const name = buildButton(label, `Go to ${label}`, () => this.dispatch(go), "pin-name");
    const away = buildButton("\u00d7", `Unpin ${label}`, () => this.dispatch({ type: "unpin", ...unpin }), "pin-away");
    away.setAttribute("aria-label", `Unpin ${label}`);
    return element("span", { class: "pin", "data-kind": "step" in unpin ? "step" : "unit" }, name, away);
  }
}
