// The column beside the stage: the image so far, the answer so far, and one unit in numbers and words.

import { drawUpright, imagePixels } from "./charts.js";
import { leadingClass, valueAt } from "./decode.js";
import { buildClassRows, buildUnitRow, setText } from "./dom.js";
import { pixelCanvas, sharpContext } from "./heatmap.js";
import { capitalised, number, percentage, signalWords } from "./words.js";

export class NowColumn {
  constructor(nodes) {
    this.nodes = nodes;
  }

  introduce(reading) {
    this.reading = reading;
    this.classRows = buildClassRows(reading.classes);
    this.nodes.classes.replaceChildren(...this.classRows.map((row) => row.node));
    this.nodes.upright.hidden = !reading.image;
  }

  // After every change of size, theme or layer.
  paint({ theme, colours, ratio }) {
    const { nodes, reading } = this;
    this.unitRows = reading.signals.map((signal) => buildUnitRow(signal, theme));
    nodes.unitRows.replaceChildren(...this.unitRows.flatMap((row) => row.nodes));
    Object.assign(this, { colours, ratio, uprightSize: null, source: null });
    if (!reading.image) return;
    const upright = imagePixels(reading.image, colours.paper, colours.inkRgb, { rotated: false });
    this.source = pixelCanvas(document, upright.pixels, upright.width, upright.height);
  }

  // A column taller than the window sticks by its lower end, so that all of it can be read.
  stick() {
    const spare = window.innerHeight - this.nodes.aside.offsetHeight - 16;
    this.nodes.aside.style.top = `${Math.min(72, spare)}px`;
  }

  refresh(state, step, unit) {
    const { nodes, reading } = this;
    setText(nodes.where, `${capitalised(reading.step_word)} ${step + 1} of ${reading.steps}`);
    this.refreshAnswer(step);
    this.refreshUnit(state, step, unit);
    if (this.source) this.refreshUpright(step);
  }

  refreshAnswer(step) {
    const { nodes, reading } = this;
    const leader = leadingClass(reading.probabilities, step);
    const sure = percentage(valueAt(reading.probabilities, step, leader));
    setText(nodes.answer, `Reads ${reading.classes[leader]}, ${sure} sure`);
    this.classRows.forEach((row, k) => {
      const share = valueAt(reading.probabilities, step, k);
      row.fill.style.transform = `scaleX(${share})`;
      setText(row.share, percentage(share));
      row.node.classList.toggle("leads", k === leader);
    });
  }

  refreshUnit(state, step, unit) {
    const { nodes, reading } = this;
    const pinned = state.units.includes(unit) ? ", pinned" : "";
    setText(nodes.unitName, `Unit ${unit} of layer ${state.layer + 1}${pinned}`);
    this.unitRows.forEach((row, i) => {
      const signal = reading.signals[i];
      const value = valueAt(reading.layers[state.layer].forward[signal.name], step, unit);
      setText(row.value, number(value, 3));
      setText(row.words, signalWords(signal, value));
    });
  }

  refreshUpright(step) {
    const { nodes, reading } = this;
    const size = nodes.upright.clientWidth;
    if (size !== this.uprightSize) {
      this.uprightSize = size;
      this.context = sharpContext(nodes.upright, size, size, this.ratio);
      nodes.upright.removeAttribute("style");
    }
    if (size) drawUpright(this.context, this.source, size, step, this.colours);
    const label = `The image, uncovered down to ${reading.step_word} ${step + 1}`;
    nodes.upright.setAttribute("aria-label", label);
  }
}
