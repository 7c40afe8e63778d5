// The row of tools and the View menu: what is shown and how. Built once per set of readings, marked afterwards, so that
// a control keeps the focus when it is used.

import { buildButton, buildSegments, buildSelect, element, setAttribute, setText } from "../shared/dom.js";
import { offeredPanels } from "./panels.js";

const ORDERS = [
  ["index", "as they are"],
  ["activity", "most active first"],
  ["cluster", "like beside like"],
];
const DIRECTION_NAMES = [
  ["forward", "forward"],
  ["backward", "backward"],
  ["both", "both"],
];

// Which way the sequence was read, above the numbers of the steps.
const ARROWS = { forward: "\u2192", backward: "\u2190", both: "\u21c4" };

export class Controls {
  constructor(nodes, dispatch) {
    Object.assign(this, { nodes, dispatch });
    this.order = buildSelect("order", "Units", "In which order the units stand in the heatmaps (O)", (order) =>
      dispatch({ type: "order", order }),
    );
    this.values = buildSelect("values", "Values", "As they are, or how they change from step to step (C)", (values) =>
      dispatch({ type: "values", values }),
    );
    this.direction = buildSelect("direction", "Direction", "Which way the sequence was read", (direction) =>
      dispatch({ type: "direction", direction }),
    );
    this.order.fill(ORDERS);
    this.direction.fill(DIRECTION_NAMES);
    this.view = buildButton("View", "Choose panels, and how they are drawn", () => this.fold(!this.nodes.menu.hidden));
    this.view.className = "view";
    this.buildZoom();
    this.fold(true);
  }

  buildZoom() {
    const zoom = (by) => () => this.dispatch({ type: "zoom", by });
    const less = buildButton("\u2212", "Show more steps (\u2212)", zoom(0.5));
    const more = buildButton("+", "Show fewer steps, wider (+)", zoom(2));
    less.setAttribute("aria-label", "Show more steps");
    more.setAttribute("aria-label", "Show fewer steps");
    this.zoom = element("div", { class: "segments zoom", role: "group", "aria-label": "Zoom" }, less, more);
  }

  // What Escape does first: true when there was an open menu to close. Whoever was in it goes on at its button.
  closeMenu() {
    const { menu } = this.nodes;
    if (menu.hidden) return false;
    if (menu.contains(menu.getRootNode().activeElement)) this.view.focus();
    this.fold(true);
    return true;
  }

  fold(hidden) {
    this.nodes.menu.hidden = hidden;
    setAttribute(this.view, "aria-expanded", String(!hidden));
  }

  // What depends on the readings.
  introduce({ readings, state, options }) {
    const { nodes, dispatch } = this;
    const count = state.shape.layers;
    this.layers = buildSegments(
      "layers",
      "Layer",
      Array.from({ length: count }, (_, i) => [i, `Layer ${i + 1}`, `Show layer ${i + 1} ([ and ])`]),
      (layer) => dispatch({ type: "layer", layer }),
    );
    this.layers.node.hidden = count < 2;
    this.direction.node.hidden = !state.shape.twoWay;
    const word = readings[0].step_word;
    const values = [
      ["raw", "as they are"],
      ["change", `change per ${word}`],
    ];
    if (state.shape.ghost) values.push(["difference", "difference to the ghost"]);
    this.values.fill(values);
    const small = options.size === "small";
    nodes.tools.replaceChildren(this.layers.node);
    if (!small) {
      nodes.tools.append(this.direction.node, this.order.node, this.values.node, this.zoom, this.view);
      this.buildSpan(word);
      nodes.menu.replaceChildren(...this.buildMenu(readings, options));
    }
    nodes.tools.hidden = small && count < 2;
  }

  // For fingers: beside the other things that a hand on the panels needs.
  buildSpan(word) {
    this.selecting ??= buildButton("Select a span", "", () => this.onSelect?.(), "select-span");
    this.nodes.speed.after(this.selecting);
    this.selecting.title = `While this is on, dragging over a panel selects ${word}s instead of moving the cursor`;
  }

  buildMenu(readings, options) {
    const { dispatch } = this;
    const offered = offeredPanels(readings, options.panels);
    this.chips = offered.map((panel) => ({
      panel,
      button: buildButton(panel.label, panel.meaning, () => dispatch({ type: "panel", id: panel.id })),
    }));
    const chips = element("div", { class: "chips", role: "group", "aria-label": "Panels shown" });
    chips.append(...this.chips.map(({ button }) => button));
    const group = (label, node) =>
      element("div", { class: "menu-group" }, element("span", { class: "menu-label" }, label), node);
    const groups = [group("Panels", chips)];
    if (readings.some(({ probabilities }) => probabilities)) groups.push(group("Prediction", this.buildPrediction()));
    if (readings.length > 1) groups.push(group("Readings", this.buildArrangement()));
    return groups;
  }

  buildPrediction() {
    const entries = [
      ["bars", "Bars", "A row for each class; a bar as high as its probability"],
      ["area", "Area", "All classes on top of each other, each in its own colour"],
    ];
    this.prediction = buildSegments("prediction", "Prediction drawn as", entries, (prediction) =>
      this.dispatch({ type: "prediction", prediction }),
    );
    return this.prediction.node;
  }

  buildArrangement() {
    const entries = [
      ["auto", "Where there is room", "Beside each other where there is room, stacked elsewhere"],
      ["beside", "Beside", "Beside each other"],
      ["stacked", "Stacked", "Under each other, on one wide time axis"],
    ];
    this.arrangement = buildSegments("arrangement", "Readings arranged", entries, (arrangement) =>
      this.dispatch({ type: "arrangement", arrangement }),
    );
    return this.arrangement.node;
  }

  mark({ state, theme, readings }, selecting) {
    const { nodes } = this;
    this.layers.mark(state.layer);
    this.order.mark(state.order);
    this.values.mark(state.values);
    this.direction.mark(state.direction);
    this.prediction?.mark(state.prediction);
    this.arrangement?.mark(state.arrangement);
    const { window, shape, room } = state;
    this.zoom.hidden = shape.steps <= Math.min(room, 60) && window.count >= shape.steps;
    for (const { panel, button } of this.chips ?? []) {
      setAttribute(button, "aria-pressed", String(!state.hidden.includes(panel.id)));
      if (panel.signal) button.style.setProperty("--hue", panel.signal.hue[theme]);
    }
    const shown = (this.chips ?? []).filter(({ panel }) => !state.hidden.includes(panel.id)).length;
    const all = this.chips?.length ?? 0;
    setText(this.view, shown === all ? "View" : `View, ${shown} of ${all} panels`);
    if (this.selecting) setAttribute(this.selecting, "aria-pressed", String(selecting));
    setAttribute(nodes.loop, "aria-pressed", String(state.loop));
    setText(nodes.play, state.playing ? "Pause" : "Play");
    if (Number(nodes.speed.value) !== state.speed) nodes.speed.value = String(state.speed);
    setAttribute(nodes.present, "aria-pressed", String(state.presenter));
    setText(nodes.present, state.presenter ? "Leave presenting" : "Present");
    const arrow = shape.twoWay ? `${ARROWS[state.direction]}\n` : "";
    setText(nodes.axisTitle, arrow + readings[0].step_word);
  }
}
