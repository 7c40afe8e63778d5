// The curves of a training: a panel for each measure, one cursor over all of them, the values below it, a legend.
// Python says what is drawn and how far the axes reach; an update changes what is there and mounts nothing anew.

import { CurvePanel, drawn } from "./curvepanel.js";
import { allSteps, nearest, signPath, unpackedLines, within } from "./curvescale.js";
import { buildButton, element, setAttribute, setText } from "../shared/dom.js";
import { readTheme } from "../shared/theme.js";
import { unpack } from "../shared/unpack.js";
import { grouped } from "../shared/words.js";

const CURVES = new WeakMap();
const SPEAK_AFTER = 500;
// As a slider has them: up is on.
const STEPS_BY_KEY = { ArrowRight: 1, ArrowLeft: -1, PageUp: 10, PageDown: -10 };
const SHORTCUTS = [...Object.keys(STEPS_BY_KEY), "Home", "End", "Escape"].join(" ");
const KEYS = "Left and right move through the steps, page up and page down by ten, escape leaves them.";
const LEGEND_HEIGHT = 30;
const EDGE = 16;

class Curves {
  constructor(parent) {
    Object.assign(this, { at: null, panels: new Map(), shown: [], steps: new Float64Array(), width: 0 });
    this.legend = element("ul", { class: "curves-legend" });
    const save = buildButton("Save as picture", "All curves as they stand here, as an SVG file", () => this.save());
    this.head = element("div", { class: "curves-head" }, this.legend, save);
    this.grid = element("div", { class: "curves-grid", tabIndex: 0, role: "group" });
    setAttribute(this.grid, "aria-keyshortcuts", SHORTCUTS);
    setAttribute(this.grid, "aria-describedby", "curves-keys");
    const keys = element("p", { class: "live", id: "curves-keys" }, KEYS);
    this.live = element("p", { class: "live", role: "status", "aria-live": "polite" });
    this.root = element("section", { class: "curves" }, this.head, keys, this.grid, this.live);
    this.grid.onkeydown = (event) => this.press(event);
    this.grid.onblur = () => this.point(null);
    this.grid.onpointerleave = (event) => {
      if (event.pointerType !== "touch") this.point(null);
    };
    parent.append(this.root);
    this.observer = new ResizeObserver(() => this.draw());
    this.observer.observe(this.grid);
  }

  update(data) {
    for (const panel of data.panels) panel.lines = unpackedLines(panel.lines, data.steps.log);
    this.data = data;
    this.steps = allSteps(data.panels.flatMap(({ lines }) => lines));
    const shown = data.panels.map(({ measure }) => this.panelOf(measure));
    if (shown.length !== this.shown.length || shown.some((panel, i) => panel !== this.shown[i])) {
      this.shown = shown;
      this.grid.replaceChildren(...shown.map(({ node }) => node));
    }
    setAttribute(this.root, "aria-label", data.label);
    setAttribute(this.grid, "aria-label", data.label);
    this.at = within(this.at, this.steps);
    this.draw();
  }

  panelOf(measure) {
    if (!this.panels.has(measure)) {
      const panel = new CurvePanel(measure);
      panel.node.onpointermove = (event) => this.follow(event, panel);
      panel.node.onpointerdown = (event) => this.follow(event, panel);
      this.panels.set(measure, panel);
    }
    return this.panels.get(measure);
  }

  draw() {
    if (!this.data) return;
    const { theme, colours, font } = readTheme(this.root);
    this.brush = { theme, colours, font };
    this.root.dataset.theme = theme;
    this.drawLegend();
    const { steps, panels } = this.data;
    const axis = { count: steps.count, isLog: steps.log, ends: steps.ends };
    const widths = this.shown.map(({ node }) => node.clientWidth);
    this.shown.forEach((panel, i) => {
      if (widths[i] > 0) panel.draw(panels[i], axis, widths[i], this.brush);
    });
    if (widths.every((width) => width > 0)) this.root.dataset.ready = "";
    this.mark();
  }

  drawLegend() {
    const key = JSON.stringify([this.data.legend, this.brush.theme]);
    if (key === this.legendKey) return;
    this.legendKey = key;
    const entries = this.data.legend.map((entry) => {
      const sample = drawn("svg", { width: 30, height: 14, "aria-hidden": "true" });
      sample.append(...this.sample(entry, 0, 7));
      return element("li", {}, sample, entry.text);
    });
    this.legend.replaceChildren(...entries);
  }

  // A piece of a line as the legend shows it.
  sample({ hue, sign }, x, y) {
    const colour = hue[this.brush.theme];
    const line = drawn("path", { d: `M${x + 1} ${y}h26`, stroke: colour, "stroke-width": 2.3, "stroke-linecap": "round" });
    return sign ? [line, drawn("path", { d: signPath(sign, x + 14, y), fill: colour })] : [line];
  }

  follow(event, panel) {
    if (this.steps.length && panel.across) this.point(this.steps[nearest(this.steps, panel.stepAt(event.clientX))]);
  }

  point(step) {
    if (step === this.at) return;
    this.at = step;
    this.mark();
  }

  mark() {
    for (const panel of this.shown) if (panel.across) panel.point(this.at);
    this.root.dataset.step = String(this.at ?? "");
  }

  press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || this.steps.length === 0) return;
    const last = this.steps.length - 1;
    const move = STEPS_BY_KEY[event.key];
    const from = this.at === null ? (move > 0 ? -1 : last + 1) : nearest(this.steps, this.at);
    const to = { Home: 0, End: last }[event.key] ?? from + (move ?? NaN);
    if (event.key === "Escape") this.point(null);
    else if (Number.isFinite(to)) this.point(this.steps[Math.min(Math.max(to, 0), last)]);
    else return;
    event.preventDefault();
    clearTimeout(this.speaking);
    this.speaking = setTimeout(() => setText(this.live, this.sentence()), SPEAK_AFTER);
  }

  sentence() {
    if (this.at === null) return "";
    return [`Step ${grouped(this.at)}.`, ...this.shown.map((panel) => panel.sentence(this.at))].join(" ").trim();
  }

  // One picture of all panels where they stand now, with the legend above: it needs no style sheet and no font.
  picture() {
    const { colours, font } = this.brush;
    const own = this.grid.getBoundingClientRect();
    const [width, height] = [own.width + 2 * EDGE, own.height + LEGEND_HEIGHT + 2 * EDGE];
    const size = { width, height, viewBox: `0 0 ${width} ${height}` };
    const root = drawn("svg", { xmlns: "http://www.w3.org/2000/svg", ...size, "font-family": font });
    root.append(drawn("title", {}, this.data.label), drawn("rect", { width, height, fill: colours.page }));
    let x = EDGE;
    for (const entry of this.data.legend) {
      root.append(...this.sample(entry, x, EDGE + 8));
      root.append(drawn("text", { x: x + 36, y: EDGE + 12, "font-size": 13, fill: colours.strong }, entry.text));
      x += 60 + 7 * entry.text.length;
    }
    for (const { svg } of this.shown) {
      const box = svg.getBoundingClientRect();
      const copy = svg.cloneNode(true);
      copy.querySelector(".curve-cursor").replaceChildren();
      copy.setAttribute("x", String(EDGE + box.left - own.left));
      copy.setAttribute("y", String(EDGE + LEGEND_HEIGHT + box.top - own.top));
      root.append(copy);
    }
    return new XMLSerializer().serializeToString(root);
  }

  save() {
    const address = URL.createObjectURL(new Blob([this.picture()], { type: "image/svg+xml" }));
    const link = element("a", { href: address, download: "rnnviz-curves.svg" });
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 1000);
  }

  destroy() {
    clearTimeout(this.speaking);
    this.observer.disconnect();
    this.root.remove();
  }
}

export default function mountCurves({ data, parentElement }) {
  let curves = CURVES.get(parentElement);
  if (!curves) {
    curves = new Curves(parentElement);
    CURVES.set(parentElement, curves);
  }
  curves.update(unpack(data));
  return () => {
    curves.destroy();
    CURVES.delete(parentElement);
  };
}
