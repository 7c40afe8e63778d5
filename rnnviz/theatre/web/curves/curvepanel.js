// One measure against the steps, as SVG that is changed in place: nothing is taken down while a training goes on.

import {
  bandPath, fittingLabels, linePath, linearTicks, logText, logTicks, nearest, scaleOf, signsPath, tickText, written,
} from "./curvescale.js";
import { element, setAttribute, setText } from "../shared/dom.js";
import { grouped } from "../shared/words.js";

const SVG = "http://www.w3.org/2000/svg";
const MARGIN = { left: 52, right: 10, top: 44, bottom: 38 };
const HEIGHTS = { loss: 290, accuracy: 290, gradient: 220, rate: 220 };
const SHARES = [0, 0.25, 0.5, 0.75, 1];
const MOST_SIGNS = 60;
// Pixels from an event within which the cursor says its words.
const NEAR_EVENT = 7;

export function drawn(tag, attributes = {}, text = null) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (text !== null) node.textContent = text;
  return node;
}

// Gives a group these children: those that it has are changed, missing ones are made, the others go.
function fill(group, wanted) {
  wanted.forEach(({ tag, text, ...attributes }, i) => {
    let node = group.children[i];
    if (!node || node.tagName !== tag) {
      const made = drawn(tag);
      if (node) node.replaceWith(made);
      else group.append(made);
      node = made;
    }
    for (const { name } of [...node.attributes]) if (!(name in attributes)) node.removeAttribute(name);
    for (const [name, value] of Object.entries(attributes)) setAttribute(node, name, String(value));
    setText(node, text ?? "");
  });
  while (group.children.length > wanted.length) group.lastChild.remove();
}

export class CurvePanel {
  constructor(measure) {
    this.measure = measure;
    this.height = HEIGHTS[measure];
    this.groups = {};
    this.svg = drawn("svg", { role: "img" });
    for (const name of ["frame", "words", "labels"]) this.svg.append((this.groups[name] = drawn("g")));
    // An inner picture cuts off what is beyond its edges.
    this.plot = drawn("svg");
    for (const name of ["bands", "faint", "levels", "events", "strong", "signs", "cursor"])
      this.plot.append((this.groups[name] = drawn("g", { class: `curve-${name}` })));
    this.svg.append(this.plot, (this.groups.over = drawn("g")));
    this.said = element("div", { class: "curve-said", "aria-hidden": "true", hidden: true });
    this.node = element("div", { class: "curve", "data-measure": measure }, this.svg, this.said);
  }

  // `brush` has the colours, the theme and the font; `steps` is { count, isLog }.
  draw(panel, steps, width, brush) {
    Object.assign(this, { panel, width, brush });
    const [right, bottom] = [width - MARGIN.right, this.height - MARGIN.bottom];
    const room = [right - MARGIN.left, bottom - MARGIN.top];
    this.across = scaleOf(steps.ends, steps.isLog, 0, room[0]);
    this.up = scaleOf(panel.ends, panel.log, room[1], 0);
    for (const [name, value] of [["width", width], ["height", this.height]]) setAttribute(this.svg, name, String(value));
    setAttribute(this.svg, "viewBox", `0 0 ${width} ${this.height}`);
    setAttribute(this.svg, "font-family", brush.font);
    setAttribute(this.svg, "aria-label", panel.alt);
    const place = { x: MARGIN.left, y: MARGIN.top, width: room[0], height: room[1] };
    for (const [name, value] of Object.entries(place)) setAttribute(this.plot, name, String(value));
    this.drawFrame(steps, room);
    this.drawLines();
    this.drawLevel(room);
    this.drawEvents(room);
  }

  drawFrame(steps, room) {
    const { colours } = this.brush;
    const [left, top] = [MARGIN.left, MARGIN.top];
    const bottom = top + room[1];
    const small = { "font-size": 12, fill: colours.text };
    const frame = [];
    const words = [{ tag: "text", x: 0, y: 15, "font-size": 13.5, "font-weight": 650, fill: colours.strong, text: this.panel.title }];
    for (const [value, text] of this.valueTicks(room[1])) {
      const y = Math.round(top + this.up.place(value)) + 0.5;
      frame.push({ tag: "path", d: `M${left} ${y}h${room[0]}`, stroke: colours.track, "stroke-width": 1 });
      words.push({ tag: "text", x: left - 8, y: y + 4, "text-anchor": "end", ...small, text });
    }
    frame.push({ tag: "path", d: `M${left} ${bottom + 0.5}h${room[0]}`, stroke: colours.quiet, "stroke-width": 1 });
    for (const [value, text] of stepTicks(steps, room[0])) {
      const x = left + this.across.place(value);
      frame.push({ tag: "path", d: `M${x} ${bottom}v4`, stroke: colours.quiet, "stroke-width": 1 });
      const half = 3.4 * text.length;
      words.push({ tag: "text", x: Math.min(x, this.width - half), y: bottom + 17, "text-anchor": "middle", ...small, text });
    }
    words.push({ tag: "text", x: left + room[0], y: bottom + 33, "text-anchor": "end", ...small, text: "step" });
    fill(this.groups.frame, frame);
    fill(this.groups.words, words);
  }

  valueTicks(height) {
    const [low, high] = this.panel.ends;
    if (this.measure === "accuracy") return SHARES.map((share) => [share, `${100 * share} %`]);
    if (this.panel.log) return logTicks(low, high, Math.floor(height / 24)).map((tick) => [tick, logText(tick)]);
    const { ticks, step } = linearTicks(low, high, Math.floor(height / 34));
    return ticks.map((tick) => [tick, tickText(tick, step)]);
  }

  drawLines() {
    const { theme } = this.brush;
    const layers = { bands: [], faint: [], strong: [], signs: [] };
    for (const line of this.panel.lines) {
      const { steps, values, smooth, low, high, held, dotted, pale } = line;
      const hue = line.hue[theme];
      const [across, up] = [this.across, this.up];
      const path = { tag: "path", fill: "none", stroke: hue, "stroke-linejoin": "round", "stroke-linecap": "round" };
      if (low) layers.bands.push({ tag: "path", d: bandPath(steps, low, high, across, up), fill: hue, "fill-opacity": 0.18 });
      if (smooth)
        layers.faint.push({ ...path, d: linePath(steps, values, across, up), "stroke-width": 1, "stroke-opacity": pale });
      layers.strong.push({
        ...path,
        d: linePath(steps, smooth ?? values, across, up),
        "data-line": line.label,
        "data-points": steps.length,
        "stroke-width": dotted ? 1.7 : 2.3,
        ...(dotted ? { "stroke-dasharray": "0.1 4" } : {}),
      });
      if (held && steps.length <= MOST_SIGNS)
        layers.signs.push({ tag: "path", d: signsPath(line.sign, steps, values, across, up), fill: hue });
    }
    for (const [name, wanted] of Object.entries(layers)) fill(this.groups[name], wanted);
  }

  drawLevel(room) {
    const { level } = this.panel;
    const { colours } = this.brush;
    if (!level) {
      fill(this.groups.levels, []);
      fill(this.groups.over, []);
      return;
    }
    const y = Math.round(this.up.place(level.value)) + 0.5;
    const line = { tag: "path", d: `M0 ${y}h${room[0]}`, stroke: colours.text, "stroke-width": 1.2, "stroke-dasharray": "2 3" };
    fill(this.groups.levels, [line]);
    // Its name stands beside the title, where no curve can be.
    const [end, small] = [MARGIN.left + room[0], { "font-size": 12, fill: colours.text }];
    fill(this.groups.over, [
      { tag: "text", x: end, y: 15, "text-anchor": "end", ...small, text: level.name },
      { ...line, d: "" },
    ]);
    const [words, sample] = this.groups.over.children;
    setAttribute(sample, "d", `M${Math.round(end - words.getComputedTextLength()) - 32} 11h24`);
  }

  drawEvents(room) {
    const { colours, theme } = this.brush;
    const inside = this.panel.marks.filter(({ step }) => Number.isFinite(this.across.place(step)));
    const line = { tag: "path", "stroke-width": 1, "stroke-dasharray": "5 4" };
    const hues = inside.map(({ hue }) => hue?.[theme] ?? colours.text);
    fill(
      this.groups.events,
      inside.map(({ step }, i) => ({ ...line, d: `M${this.across.place(step)} 0v${room[1]}`, stroke: hues[i] })),
    );
    const small = { y: MARGIN.top - 6, "text-anchor": "middle", "font-size": 12, fill: colours.text };
    const shown = fittingLabels(inside, this.across, 0, room[0]);
    fill(this.groups.labels, shown.map(({ x, text }) => ({ tag: "text", x: MARGIN.left + x, ...small, text })));
  }

  // The step below a place of the window.
  stepAt(clientX) {
    return this.across.value(clientX - this.svg.getBoundingClientRect().left - MARGIN.left);
  }

  // The cursor at a step, and what was measured there; null takes it away.
  point(step) {
    this.said.hidden = step === null;
    if (step === null) {
      fill(this.groups.cursor, []);
      return;
    }
    const { colours, theme } = this.brush;
    const x = this.across.place(step);
    const room = this.height - MARGIN.top - MARGIN.bottom;
    const dots = this.readings(step).filter(({ value }) => Number.isFinite(this.up.place(value)));
    fill(this.groups.cursor, [
      { tag: "path", d: `M${x} 0v${room}`, stroke: colours.strong, "stroke-width": 1 },
      ...dots.map(({ line, at, value }) => ({
        tag: "circle", cx: this.across.place(at), cy: this.up.place(value), r: 4,
        fill: line.hue[theme], stroke: colours.page, "stroke-width": 1.5,
      })),
    ]);
    const heights = dots.map(({ value }) => this.up.place(value));
    const mean = heights.reduce((sum, height) => sum + height, 0) / heights.length;
    this.say(step, x, mean < room / 2);
  }

  // Beside the cursor, on the side that has more room, away from the values, and never beyond the panel.
  say(step, x, isBelow) {
    const near = this.panel.marks.filter((mark) => Math.abs(this.across.place(mark.step) - x) <= NEAR_EVENT);
    const events = near.map(({ text, step: when }) => element("p", {}, `Step ${grouped(when)}: ${text}`));
    this.said.replaceChildren(readingsTable(this.readings(step), step, this.brush.theme), ...events);
    const [at, own] = [MARGIN.left + x, this.said.offsetWidth];
    const beside = at < this.width / 2 ? at + 10 : at - 10 - own;
    this.said.style.top = isBelow ? "auto" : `${MARGIN.top + 4}px`;
    this.said.style.bottom = isBelow ? `${MARGIN.bottom + 4}px` : "auto";
    this.said.style.left = `${Math.max(0, Math.min(beside, this.width - own))}px`;
  }

  // For each line what was measured nearest to a step: the strong value, and in words what lies behind it.
  readings(step) {
    return this.panel.lines.map((line) => {
      const i = nearest(line.steps, step);
      const show = (value) => written(value, this.measure);
      const value = (line.smooth ?? line.values)[i];
      let beside = line.smooth && !line.who ? `batch ${show(line.values[i])}` : "";
      if (line.low && line.low[i] !== line.high[i]) beside = `${show(line.low[i])} to ${show(line.high[i])}`;
      return { line, at: line.steps[i], value, text: show(value), beside };
    });
  }

  sentence(step) {
    const said = this.readings(step).map(({ line, text }) => `${line.label} ${text}`);
    return said.length ? `${this.panel.title}: ${said.join("; ")}.` : "";
  }
}

// A row for each line of one network; of several a row for each, and a column for each kind of examples.
function readingsTable(readings, step, theme) {
  const isRace = readings.some(({ line }) => line.who);
  const kinds = isRace ? [...new Set(readings.map(({ line }) => line.what))] : [""];
  const names = [...new Set(readings.map(({ line }) => (isRace ? line.who : line.what)))];
  const ofKind = (kind) => readings.filter(({ line }) => line.what === kind);
  const heads = kinds.map((kind) => {
    const elsewhere = ofKind(kind).find(({ at }) => at !== step);
    return element("th", {}, elsewhere ? `${kind}, step ${grouped(elsewhere.at)}` : kind);
  });
  const rows = names.map((name) => {
    const own = readings.filter(({ line }) => (isRace ? line.who : line.what) === name);
    const cells = kinds.map((kind) => {
      const found = isRace ? own.find(({ line }) => line.what === kind) : own[0];
      return element("td", {}, ...(found ? [element("b", {}, found.text), element("small", {}, found.beside)] : []));
    });
    const swatch = element("i", { class: own[0].line.held ? "held" : "" });
    swatch.style.setProperty("--hue", own[0].line.hue[theme]);
    const label = isRace || own[0].at === step ? name : `${name}, step ${grouped(own[0].at)}`;
    return element("tr", {}, element("td", {}, swatch, label), ...cells);
  });
  const head = element("tr", {}, element("th", {}, `Step ${grouped(step)}`), ...heads);
  return element("table", { class: isRace ? "race" : "" }, head, ...rows);
}

function stepTicks({ ends, count, isLog }, width) {
  const most = Math.max(2, Math.floor(width / 72));
  if (isLog) return logTicks(ends[0], ends[1], most).map((tick) => [tick, logText(tick)]);
  return linearTicks(0, count, most, true).ticks.map((tick) => [tick, grouped(tick)]);
}
