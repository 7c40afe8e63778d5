// A slider from one digit to another. Python mixes the pixels and reads the mix; here only the newest value is sent.

import { decodeArray } from "../shared/decode.js";
import { parseColour } from "../shared/colours.js";
import { imagePixels } from "../shared/charts.js";
import { pixelCanvas } from "../shared/heatmap.js";
import { Teller } from "../shared/teller.js";
import { turnsOf } from "../shared/turns.js";
import { unpack } from "../shared/unpack.js";

const SLIDERS = new WeakMap();
const SETTLED_AFTER = 450;

class Morph {
  constructor(parent, { name, percent }) {
    this.turns = turnsOf(name);
    this.teller = new Teller(this.turns, "mix");
    this.held = false;
    this.build(parent);
    this.range.value = String(this.turns.kept?.() ?? percent);
    this.turns.kept = () => Number(this.range.value);
  }

  build(parent) {
    const make = (kind, name) => {
      const node = document.createElement(kind);
      node.className = name;
      return node;
    };
    this.root = make("section", "morph");
    this.ends = ["first", "second"].map((name) => {
      const canvas = make("canvas", name);
      canvas.setAttribute("role", "img");
      return canvas;
    });
    this.range = make("input", "mix");
    Object.assign(this.range, { type: "range", min: "0", max: "100", step: "1", id: "rnnviz-mix" });
    this.range.title = "Mix the two digits pixel by pixel; arrow keys move by 1 %, page keys by 10 %";
    this.label = make("label", "name");
    this.label.textContent = "Morph";
    this.label.htmlFor = this.range.id;
    this.said = make("output", "said");
    const words = make("div", "words");
    words.append(this.label, this.said);
    const middle = make("div", "middle");
    middle.append(words, this.range);
    this.root.append(this.ends[0], middle, this.ends[1]);
    parent.append(this.root);
    this.range.onpointerdown = () => { this.held = true; };
    this.range.onpointerup = () => { this.held = false; this.settleSoon(); };
    this.range.onpointercancel = this.range.onpointerup;
    this.range.oninput = () => {
      this.speak();
      this.send(false);
      this.settleSoon();
    };
  }

  speak() {
    const percent = this.range.value;
    const text = mixWords(Number(percent), this.names ?? ["", ""]);
    if (this.said.textContent !== text) this.said.textContent = text;
    this.range.setAttribute("aria-valuetext", text);
    this.root.dataset.percent = percent;
  }

  settleSoon() {
    clearTimeout(this.settling);
    if (!this.held) this.settling = setTimeout(() => this.send(true), SETTLED_AFTER);
  }

  send(settled) {
    this.teller.act({ percent: Number(this.range.value), settled });
  }

  update(data, tell) {
    this.names = data.names;
    const met = this.turns.meet(data);
    if (met === "take") this.range.value = String(data.percent);
    else if (met === "keep" || this.teller.isBehind) this.settleSoon();
    this.teller.meet(data, tell);
    this.speak();
    this.paint(data);
    this.root.dataset.turn = String(data.heard);
  }

  paint({ pictures, names }) {
    const style = getComputedStyle(this.root);
    const paper = parseColour(style.getPropertyValue("--page").trim() || "#ffffff");
    const ink = parseColour(style.getPropertyValue("--ink").trim() || "#1d2127");
    this.ends.forEach((canvas, i) => {
      const { pixels, width, height } = imagePixels(decodeArray(pictures[i]), paper, ink, { rotated: false });
      canvas.width = width;
      canvas.height = height;
      canvas.getContext("2d").drawImage(pixelCanvas(document, pixels, width, height), 0, 0);
      canvas.setAttribute("aria-label", names[i]);
      canvas.title = names[i];
    });
  }

  destroy() {
    clearTimeout(this.settling);
    this.teller.destroy();
    this.root.remove();
  }
}

// What a share of the second digit, the one that is read, is called.
export function mixWords(percent, [first, second]) {
  if (percent === 0) return `only the pinned digit: ${first}`;
  if (percent === 100) return `only this digit: ${second}`;
  return `${100 - percent} % pinned digit and ${percent} % this digit, mixed pixel by pixel`;
}

export default function mountMorph({ data, parentElement, setStateValue }) {
  const given = unpack(data);
  let slider = SLIDERS.get(parentElement);
  if (!slider) {
    slider = new Morph(parentElement, given);
    SLIDERS.set(parentElement, slider);
  }
  slider.update(given, setStateValue);
  return () => {
    slider.destroy();
    SLIDERS.delete(parentElement);
  };
}
