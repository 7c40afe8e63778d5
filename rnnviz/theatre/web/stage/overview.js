// The whole of a long sequence in one strip: how much the states change at each step, the part in view as a frame to
// drag, and the cursor. It is there only while not everything is in view.

import { element, setAttribute } from "../shared/dom.js";
import { sharpContext } from "../shared/heatmap.js";
import { windowWords } from "../shared/speech.js";
import { changePerStep, decimated, isWhole, overviewFrame, overviewX, windowAtFrame } from "../shared/window.js";

const TALL = 28;
// The lower part shows the colours of the tokens, where they have any.
const COLOURED = 9;

export class Overview {
  constructor(node, dispatch) {
    Object.assign(this, { node, dispatch });
    this.canvas = element("canvas", { role: "img" });
    this.frame = element("div", { class: "overview-frame" });
    this.needle = element("div", { class: "overview-needle", "aria-hidden": "true" });
    node.replaceChildren(this.canvas, this.frame, this.needle);
    node.onpointerdown = (event) => this.grab(event);
    node.onpointermove = (event) => this.pull(event);
    node.onpointerup = () => this.drop();
    node.onpointercancel = () => this.drop();
    node.onwheel = (event) => this.turn(event);
  }

  // Called whenever the layout is measured; the strip is as wide as the axis below it.
  paint({ state, focused, colours, ratio, scale }, gutter, width) {
    const { steps } = state.shape;
    this.node.hidden = isWhole(state.window, steps);
    if (this.node.hidden) return;
    Object.assign(this, { steps, width, window: state.window });
    this.node.style.marginLeft = `${gutter}px`;
    this.node.style.width = `${width}px`;
    const key = [width, ratio, scale, state.layer, state.direction, colours.text].join("|");
    if (key === this.key && this.reading === focused) return;
    Object.assign(this, { key, reading: focused });
    const { label, meaning } = focused.panels.overview;
    this.label = `${label}: ${meaning}`;
    this.node.title = meaning;
    this.draw(focused, state, colours, ratio, scale);
  }

  // The tokens' colours (prose.js), or null; the strip is drawn anew when they are others than before.
  colour({ state, colours, ratio, scale }, painted) {
    if ((painted?.codes ?? null) === (this.painted?.codes ?? null)) return;
    this.painted = painted && { codes: painted.codes, swatches: painted.swatches };
    if (!this.node.hidden && this.reading) this.draw(this.reading, state, colours, ratio, scale);
  }

  draw(reading, state, colours, ratio, scale) {
    const coloured = this.painted ? COLOURED * scale : 0;
    const height = TALL * scale - coloured;
    const context = sharpContext(this.canvas, this.width, TALL * scale, ratio);
    if (coloured) this.drawColours(context, height, coloured);
    const layer = reading.layers[Math.min(state.layer, reading.layers.length - 1)];
    const direction = layer[state.direction] ? state.direction : "forward";
    const bars = decimated(changePerStep(layer[direction].hidden, direction), this.width);
    const most = Math.max(...bars, 1e-9);
    context.fillStyle = colours.track;
    context.fillRect(0, height - 1, this.width, 1);
    context.fillStyle = colours.bar;
    const step = this.width / bars.length;
    bars.forEach((bar, i) => {
      const tall = (bar / most) * (height - 3);
      context.fillRect(i * step, height - 1 - tall, Math.max(step, 1), tall);
    });
  }

  // Each place of the strip in the colour of the token there; where several share it, of the strongest.
  drawColours(context, top, tall) {
    const { codes, swatches } = this.painted;
    const bins = Math.min(codes.length, Math.round(this.width));
    const wide = this.width / bins;
    const middle = (swatches.length - 1) / 2;
    for (let bin = 0; bin < bins; bin += 1) {
      const [from, to] = [bin, bin + 1].map((one) => Math.floor((one * codes.length) / bins));
      let strongest = codes[from];
      for (let step = from + 1; step < to; step += 1) {
        if (Math.abs(codes[step] - middle) > Math.abs(strongest - middle)) strongest = codes[step];
      }
      if (strongest < 0) continue;
      context.fillStyle = swatches[strongest].background;
      context.fillRect(bin * wide, top, Math.max(wide, 1), tall);
    }
  }

  refresh({ state }) {
    if (this.node.hidden) return;
    this.window = state.window;
    setAttribute(this.canvas, "aria-label", `${this.label} In view: ${windowWords(state.window, this.reading)}.`);
    const { left, width } = overviewFrame(state.window, this.steps, this.width);
    this.frame.style.transform = `translateX(${left}px)`;
    this.frame.style.width = `${width}px`;
    this.needle.style.transform = `translateX(${overviewX(state.step, this.steps, this.width)}px)`;
  }

  // A grip on the frame drags it; a press beside it brings it there first.
  grab(event) {
    event.preventDefault();
    const x = event.clientX - this.node.getBoundingClientRect().left;
    const { left, width } = overviewFrame(this.window, this.steps, this.width);
    const inside = x >= left && x <= left + width;
    this.grip = inside ? x - left : width / 2;
    this.node.setPointerCapture?.(event.pointerId);
    if (!inside) this.pull(event);
  }

  pull(event) {
    if (this.grip === undefined || this.grip === null) return;
    const x = event.clientX - this.node.getBoundingClientRect().left;
    this.dispatch({ type: "window", ...windowAtFrame(this.window, this.steps, this.width, x - this.grip) });
  }

  drop() {
    this.grip = null;
  }

  turn(event) {
    if (event.ctrlKey) return;
    event.preventDefault();
    const by = Math.round(((event.deltaX || event.deltaY) / this.width) * this.steps) || Math.sign(event.deltaY);
    this.dispatch({ type: "pan", by });
  }
}
