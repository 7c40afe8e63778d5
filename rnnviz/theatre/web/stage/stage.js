// The stage: bands of panels under one cursor, built and painted when the layout changes, only marked when it moves.

import { drawTicks } from "../shared/charts.js";
import { columnPlaces } from "./compare.js";
import { element, fillScale, setAttribute, setText, silent } from "../shared/dom.js";
import { columnLeft, stepAt, ticks, timeAxis, unitAt } from "../shared/geometry.js";
import { sharpContext } from "../shared/heatmap.js";
import { shownSignal } from "../shared/derived.js";
import { rowOfUnit, unitOfRow } from "./order.js";
import { cellArray, cellValue, listBands, paintCell, reserveCell } from "./panels.js";
import { number } from "../shared/words.js";

const TICKS = 34;

export class Stage {
  constructor(nodes) {
    this.nodes = nodes;
    this.bands = [];
    this.lanes = [];
    this.unfolded = new Set();
  }

  // How wide everything is and how many columns there are; the bands are built by `build`, which needs the window.
  measure(readings, beside, scale) {
    const place = this.nodes.stage.getBoundingClientRect();
    const width = Math.floor(place.width);
    const gutter = Math.round(gutterFor(readings, width) * scale);
    const gap = Math.round(20 * scale);
    const places = columnPlaces(width, beside ? readings.length : 1, gutter, gap);
    return { width, top: place.top, beside, gutter, gap, places, room: places[0].width - gutter };
  }

  build(scene, measures) {
    const { nodes } = this;
    const { window } = scene.state;
    Object.assign(this, measures);
    this.axes = measures.places.map(({ width, gutter }) => timeAxis(width, window.count, gutter, 0, window.first));
    this.axis = this.axes[0];
    nodes.root.style.setProperty("--gutter", `${measures.gutter}px`);
    nodes.root.style.setProperty("--column", `${this.axis.column}px`);
    nodes.root.style.setProperty("--gap", `${measures.gap}px`);
    nodes.root.style.setProperty("--columns", measures.places.map(({ width }) => `${width}px`).join(" "));
    this.bands = listBands({ ...scene, beside: measures.beside, column: this.axis.column }).map((band) => this.buildBand(band, scene));
    this.cells = this.bands.flatMap((band) => band.cells.map((cell) => ({ band, cell })));
    this.buildLanes();
    this.markKey = null;
  }

  buildBand(band, { readings, theme }) {
    const scale = element("span", { class: "scale", "aria-hidden": "true" });
    const swatch = element("i", { class: "swatch", "aria-hidden": "true" });
    if (band.signal) swatch.style.background = band.signal.hue[theme];
    const symbol = element("span", { class: "symbol" }, band.symbol ?? "");
    const meaning = element("span", { class: "meaning", title: band.meaning }, band.meaning);
    const folded = !this.unfolded.has(band.id);
    const note = element("p", { class: "note", id: `note-${band.id}`, hidden: folded }, band.look_for);
    const head = element(
      "div",
      { class: "head" },
      swatch,
      element("span", { class: "name" }, band.label),
      symbol,
      ...(band.cells.every(isBackward) ? [element("span", { class: "way" }, wayWords("backward"))] : []),
      this.buildInfo(band, note),
      meaning,
      scale,
    );
    const cells = band.cells.map((cell) => this.buildCell(band, cell, readings));
    const grid = element("div", { class: "cells" }, ...cells.map((cell) => cell.node));
    const lone = String(cells.length === 1);
    const node = element("div", { class: "band", "data-band": band.id, "data-lone": lone }, head, grid, note);
    return { ...band, node, cells, scale, words: { symbol, meaning } };
  }

  buildInfo(band, note) {
    const label = `What to look for: ${band.label}`;
    const button = element("button", { type: "button", class: "info", title: label, "aria-label": label }, "i");
    setAttribute(button, "aria-controls", note.id);
    setAttribute(button, "aria-expanded", String(!note.hidden));
    button.onclick = () => {
      note.hidden = !note.hidden;
      setAttribute(button, "aria-expanded", String(!note.hidden));
      if (note.hidden) this.unfolded.delete(band.id);
      else this.unfolded.add(band.id);
      this.onUnfold?.(band.id);
    };
    return button;
  }

  buildCell(band, cell, readings) {
    const column = this.beside ? cell.index : 0;
    const reading = readings[cell.index];
    const value = element("span", { class: "value" });
    const who = readings.length > 1 && !cell.shared ? reading.title : "";
    const isMixed = new Set(band.cells.map(({ direction }) => direction)).size > 1;
    const way = isMixed ? wayWords(cell.direction) : "";
    const whose = [who, way].filter(Boolean).join(", ");
    const tag = element("div", { class: "tag" }, element("span", { class: "who" }, whose), value);
    const properties = { class: "panel", "data-panel": band.id, "data-reading": String(cell.index) };
    const built = { ...cell, column, axis: this.axes[column], value };
    if (cell.absent) {
      properties["data-absent"] = "true";
      built.node = element("div", properties, tag, element("p", { class: "absent" }, cell.absent));
    } else {
      built.canvas = element("canvas", { role: "img", "aria-label": `${whose} ${band.description}`.trim() });
      built.rows = silent("rows");
      built.cover = silent("cover");
      const plot = element("div", { class: "plot" }, built.canvas, built.rows);
      if (band.id === "input") plot.append(built.cover);
      built.node = element("div", { ...properties, "data-direction": cell.direction }, tag, plot);
      built.rows.style.left = `${built.axis.gutter}px`;
      built.row = silent("row");
    }
    built.node.style.setProperty("--left", `${built.axis.gutter}px`);
    built.node.style.gridColumn = String(column + 1);
    return built;
  }

  // Per column one lane of overlays over all bands: what is not read yet, the span, the pointed-at and the read step.
  buildLanes() {
    const { places, axes } = this;
    this.lanes = places.map(({ left }, i) => {
      const [veil, span, preview, cursor] = ["veil", "span", "preview", "cursor"].map(silent);
      const parts = { veil, span, preview, cursor };
      const node = element("div", { class: "lane" }, ...Object.values(parts));
      node.style.left = `${left + axes[i].gutter}px`;
      node.style.width = `${axes[i].width}px`;
      return { ...parts, node, axis: axes[i] };
    });
    this.nodes.lanes.replaceChildren(...this.lanes.map((lane) => lane.node));
    this.tickCanvases = places.map(({ left, width }) => {
      const canvas = element("canvas", { "aria-hidden": "true" });
      canvas.style.left = `${left}px`;
      return { canvas, width };
    });
  }

  // Everything that does not move with the cursor. Canvases are painted before they come into the page: setting a font
  // in one that is there makes the browser work out the styles of the whole page first. Those out of sight can wait until
  // the first picture is on the screen.
  paint(scene) {
    const seen = bandsInSight(this.bands, this.top, this.beside ? 24 : 0);
    const drawn = this.cells.filter(({ cell }) => !cell.absent);
    const waiting = drawn.filter(({ band }) => !seen.has(band));
    for (const { band, cell } of drawn) (seen.has(band) ? paintCell : reserveCell)(band, cell, scene);
    this.paintLater(waiting, scene);
    this.markKey = null;
    this.refreshTicks(scene);
    for (const band of this.bands) if (band.signal) this.paintScale(band, scene);
    this.laneKey = scene.lanes.join();
    const { panels, ticks: strip } = this.nodes;
    if (panels.firstChild !== this.bands[0]?.node) panels.replaceChildren(...this.bands.map((band) => band.node));
    strip.replaceChildren(...this.tickCanvases.map(({ canvas }) => canvas));
  }

  paintLater(waiting, scene) {
    const { root } = this.nodes;
    const turn = {};
    this.turn = turn;
    setAttribute(root, "data-painted", waiting.length > 0 ? "in sight" : "all");
    if (waiting.length === 0) return;
    const paintThem = () => {
      if (this.turn !== turn) return;
      for (const { band, cell } of waiting) paintCell(band, cell, scene);
      setAttribute(root, "data-painted", "all");
    };
    requestAnimationFrame(() => setTimeout(paintThem));
  }

  paintScale(band, { readings, state, theme }) {
    const vocabulary = readings.flatMap(({ signals }) => signals);
    const signal = shownSignal(band.signal, state.values, vocabulary);
    const clipped = band.cells.some((cell) => !cell.absent && isCut(cellArray(cell, readings, state), signal));
    const several = band.symbol !== band.signal.symbol;
    setText(band.words.symbol, several ? band.symbol : signal.symbol);
    setText(band.words.meaning, signal.meaning);
    fillScale(band.scale, signal, theme, clipped, (value) => number(value, 0));
  }

  paintUnits(scene) {
    const key = scene.lanes.join();
    if (key === this.laneKey) return;
    this.laneKey = key;
    for (const { band, cell } of this.cells) if (band.id === "unit" && !cell.absent) paintCell(band, cell, scene);
  }

  // What moves: a handful of styles and texts.
  refresh(scene) {
    const { state, readings, looked } = scene;
    for (const lane of this.lanes) this.placeLane(lane, state, looked.step);
    const key = [state.units, state.order, state.direction, state.layer, scene.hitKey].join("|");
    for (const { band, cell } of this.cells) {
      const reading = readings[cell.index];
      setText(cell.value, cellValue(band, cell, reading, state, looked.step, looked.unit));
      if (cell.cover && band.id === "input") this.cover(cell, state);
      if (!band.signal || cell.absent) continue;
      if (key !== this.markKey) this.markRows(band, cell, scene);
      this.placeRow(cell.row, band, cell, reading.units[state.layer], looked.unit);
    }
    this.markKey = key;
    this.paintUnits(scene);
    this.refreshTicks(scene);
  }

  placeLane({ axis, cursor, preview, veil, span }, state, step) {
    this.frame(cursor, axis, state.step, state.step);
    cursor.classList.toggle("thin", axis.column < 9);
    preview.hidden = state.hover?.step === undefined || state.hover?.step === null;
    if (!preview.hidden) this.frame(preview, axis, step, step);
    span.hidden = state.span === null;
    if (state.span) this.frame(span, axis, ...state.span);
    // Read backward, what lies right of the cursor has been read already.
    const isForward = state.direction === "forward";
    const isRead = !isForward || state.hover !== null || state.span !== null || state.step === state.shape.steps - 1;
    veil.hidden = isRead;
    const left = Math.min(Math.max(0, columnLeft(axis, state.step + 1) - axis.gutter), axis.width);
    veil.style.transform = `translateX(${left}px)`;
  }

  cover(cell, state) {
    const { axis } = cell;
    const unread = state.hover || state.span ? axis.width : columnLeft(axis, state.step + 1) - axis.gutter;
    cell.cover.style.left = `${axis.gutter + Math.min(Math.max(0, unread), axis.width)}px`;
  }

  // Whole pixels, cut off at the ends of what is in view.
  frame(node, axis, first, last) {
    const inside = (x) => Math.min(Math.max(x - axis.gutter, 0), axis.width);
    const left = Math.round(inside(columnLeft(axis, first)));
    const width = Math.round(inside(columnLeft(axis, last + 1))) - left;
    node.style.transform = `translateX(${left}px)`;
    node.style.width = `${Math.max(width, 0)}px`;
    node.style.visibility = width > 0 ? "visible" : "hidden";
  }

  placeRow(node, band, cell, units, unit) {
    node.hidden = unit >= units;
    if (node.hidden) return;
    const high = band.height / units;
    node.style.height = `${Math.max(high, 1) + 2}px`;
    node.style.transform = `translateY(${rowOfUnit(cell.order, unit) * high - 1}px)`;
  }

  // The lines of pinned units, and a peg at the left of each unit that the brush found.
  markRows(band, cell, { readings, state, hits }) {
    const units = readings[cell.index].units[state.layer];
    const row = (name, unit) => {
      const node = element("div", { class: name });
      this.placeRow(node, band, cell, units, unit);
      return node;
    };
    const pegs = hits.filter(({ index, signal }) => index === cell.index && signal === band.id);
    cell.rows.replaceChildren(
      ...pegs.flatMap(({ found }) => found.map(({ unit }) => row("peg", unit))),
      ...state.units.map((unit) => row("row pinned", unit)),
      cell.row,
    );
  }

  refreshTicks({ state, readings, colours, font, ratio, scale }) {
    const { first, count } = state.window;
    const key = [state.steps, first, count, state.focus, this.width, ratio, scale, colours.text].join("|");
    if (key === this.tickKey && this.tickCanvases[0].painted) return;
    this.tickKey = key;
    this.tickCanvases.forEach((entry, i) => {
      const { canvas, width } = entry;
      const height = TICKS * scale;
      const context = sharpContext(canvas, width, height, ratio);
      const brush = { context, axis: this.axes[i], height, colours, font, scale };
      const longest = Math.max(2, String(state.shape.steps).length);
      const labelled = ticks(first, count, this.axes[i].column, (6 + 8 * longest) * scale);
      drawTicks(brush, labelled, state.steps, this.marksOf(readings, i, state.focus));
      entry.painted = true;
    });
  }

  // Beside each other each reading has its own marks; stacked, the strip shows those of the one in focus.
  marksOf(readings, column, focus) {
    return readings[this.beside ? column : focus].marks;
  }

  // Which panel, step and unit lie under a point of the window; `within` keeps to a panel while something is dragged.
  locate(event, within = null) {
    const node = within?.node ?? event.target.closest?.(".panel");
    const entry = node && this.cells.find(({ cell }) => cell.node === node);
    if (!entry || entry.cell.absent) return null;
    const { band, cell } = entry;
    const box = cell.canvas.getBoundingClientRect();
    const x = within ? clampInside(event.clientX - box.left, cell.axis) : event.clientX - box.left;
    const step = stepAt(cell.axis, x);
    const y = event.clientY - box.top;
    if (step === null || (!within && (y < 0 || y >= box.height))) return { band, cell, step: null, unit: null };
    const units = this.unitsOf(cell);
    const at = unitAt(y, box.height, units);
    return { band, cell, step, unit: band.signal ? unitOfRow(cell.order, at) : null };
  }

  unitsOf(cell) {
    return this.unitCount(cell.index);
  }
}

// Left of the panels there is room for the names of the classes, within reason.
function gutterFor(readings, width) {
  const longest = Math.max(...readings.flatMap(({ classes }) => classes.map((label) => label.length)), 0);
  const [least, most] = width < 480 ? [30, 52] : [40, 84];
  return Math.min(most, Math.max(least, Math.ceil(6.6 * longest + 12)));
}

// In the backward direction time runs the other way, and a panel says so.
function wayWords(direction) {
  return direction === "backward" ? "\u2190 read from right to left" : "read from left to right \u2192";
}

function isBackward({ direction }) {
  return direction === "backward";
}

const HEAD = 36;
const ABOVE = 300;

// The bands that the window shows, going by their heights: some too many rather than one too few.
function bandsInSight(bands, top, tag) {
  const seen = new Set();
  let upper = top;
  for (const band of bands) {
    const lower = upper + HEAD + tag + band.height;
    if (upper < window.innerHeight && lower > -ABOVE) seen.add(band);
    upper = lower;
  }
  return seen;
}

function isCut(array, { low, high }) {
  const slack = 1e-3 * (high - low);
  return array !== null && (array.low < low - slack || array.high > high + slack);
}

function clampInside(x, axis) {
  return Math.min(Math.max(x, axis.gutter), axis.gutter + axis.width - 0.01);
}
