// Which panels the readings have and how one of them is painted. A band is one panel across all readings; a cell of it
// is what one reading shows there, or the sentence that says why it shows nothing.

import { absence, sameImage } from "./compare.js";
import { drawArea, drawBars, drawLanes, drawProbabilities, drawTokens, imagePixels, labelEnds } from "../shared/charts.js";
import { lookupTable } from "../shared/colours.js";
import { leadingClass, valueAt } from "../shared/decode.js";
import { shownArray, shownSignal } from "../shared/derived.js";
import { heatmapHeight } from "../shared/geometry.js";
import { drawGaps, drawHeatmap, heatmapPixels, pixelCanvas, sharpContext } from "../shared/heatmap.js";
import { rowOrder } from "./order.js";
import { valueWords } from "../shared/speech.js";
import { attentionTop } from "../shared/tints.js";
import { SIGNAL_NAMES } from "../shared/view.js";
import { capitalised, percentage, shareNumber } from "../shared/words.js";

// Thinner columns have no room for a word; the words stand in the prose above in any case.
const THINNEST_WORD = 8;
// More classes than this have no row of their own.
const MOST_ROWS = 16;

// Every panel that these readings could show, hidden ones too: what a person chooses from.
export function offeredPanels(readings, wanted) {
  const panels = readings[0].panels;
  const word = readings[0].step_word;
  const one = (id, extra) => ({ id, ...panels[id], ...extra });
  const offered = [];
  if (readings.some(({ image, tokens }) => image || tokens)) {
    offered.push(one("input", { description: `Input, one column per ${word}` }));
  }
  if (readings.some(({ probabilities }) => probabilities)) {
    offered.push(one("prediction", { description: "Running probabilities of the classes" }));
  }
  if (readings.some(({ attention }) => attention)) {
    offered.push(one("attention", { description: `Attention weight of each ${word}` }));
  }
  offered.push(...offeredSignals(readings));
  offered.push(one("unit", { description: "Signals of one unit as lines over time" }));
  return wanted ? offered.filter(({ id }) => wanted.includes(id)) : offered;
}

function offeredSignals(readings) {
  return SIGNAL_NAMES.flatMap((name) => {
    const found = readings.flatMap(({ signals }) => signals.filter((signal) => signal.name === name));
    if (found.length === 0) return [];
    const symbol = [...new Set(found.map((signal) => signal.symbol))].join(", ");
    return [{ ...found[0], id: name, symbol, signal: found[0], description: `${found[0].label}: units by steps` }];
  });
}

// The bands to draw, each with its height and its cells, row by row in the order in which they stand.
export function listBands({ readings, state, options, ratio, scale, beside, column }) {
  const offered = offeredPanels(readings, options.panels);
  const units = Math.max(...readings.map((reading) => reading.units[state.layer] ?? 0));
  const wide = !(beside && readings.length > 1);
  return offered
    .filter(({ id }) => !state.hidden.includes(id))
    .filter(({ id }) => id !== "input" || column >= THINNEST_WORD || readings.some(({ image }) => image))
    .map((panel) => ({
      ...panel,
      height: Math.round(bandHeight(panel, readings, { units, ratio, state, wide, scale })),
      cells: listCells(panel, readings, state, beside),
    }));
}

function bandHeight(panel, readings, { units, ratio, state, wide, scale }) {
  if (panel.signal) return heatmapHeight(units, ratio, { wanted: 128 * scale, most: 192 * scale });
  if (panel.id === "input") return scale * (wide ? 84 : 56);
  if (panel.id === "attention") return scale * 38;
  if (panel.id === "prediction") {
    const classes = Math.max(...readings.map((reading) => reading.classes.length));
    return scale * (state.prediction === "area" ? 96 : Math.min(220, Math.max(110, 13 * classes)));
  }
  return scale * (state.units.length > 1 ? 62 * state.units.length : 104);
}

function listCells(panel, readings, state, beside) {
  const indices = readings.map((_, index) => index);
  if (panel.id === "input" && !beside && sameImage(readings)) return [{ index: 0, direction: "forward", shared: true }];
  const directions = panel.signal || panel.id === "unit" ? shownDirections(state) : ["forward"];
  const pairs = beside
    ? directions.flatMap((direction) => indices.map((index) => ({ index, direction })))
    : indices.flatMap((index) => directions.map((direction) => ({ index, direction })));
  return pairs.map((pair) => ({ ...pair, ...content(panel, readings[pair.index], state, pair.direction) }));
}

function shownDirections({ direction }) {
  return direction === "both" ? ["forward", "backward"] : [direction];
}

function content(panel, reading, state, direction) {
  const layer = reading.layers[state.layer];
  if ((panel.signal || panel.id === "unit") && !layer) {
    return { absent: `${reading.title} has no layer ${state.layer + 1}.` };
  }
  if ((panel.signal || panel.id === "unit") && !layer[direction]) {
    return { absent: `${reading.title} reads in one direction only.` };
  }
  if (panel.signal) {
    const signal = reading.signals.find(({ name }) => name === panel.id);
    return signal ? { signal } : { absent: absence(reading, panel) };
  }
  if (panel.id === "input") return reading.image || reading.tokens ? {} : { absent: absence(reading, panel) };
  const needs = { prediction: reading.probabilities, attention: reading.attention, unit: true };
  return needs[panel.id] ? {} : { absent: absence(reading, panel) };
}

// What a cell of a signal shows just now: the values, their change or their difference to the ghost.
export function cellArray(cell, readings, state) {
  return shownArray(readings[cell.index], state.layer, cell.direction, cell.signal, state.values);
}

// What a cell needs before it is painted: its size, so that nothing moves when it is, and the order of its rows.
export function reserveCell(band, cell, { readings, state }) {
  cell.canvas.style.width = `${cell.axis.gutter + cell.axis.width}px`;
  cell.canvas.style.height = `${band.height}px`;
  if (band.signal) cell.order = rowOrder(readings[cell.index].layers[state.layer], cell.direction, state.order);
}

// Paints one cell whole. `scene` is { readings, state, colours, theme, font, ratio, scale, lanes }.
export function paintCell(band, cell, scene) {
  const { axis } = cell;
  const context = sharpContext(cell.canvas, axis.gutter + axis.width, band.height, scene.ratio);
  const { colours, font, scale, theme } = scene;
  const brush = { context, axis, height: band.height, colours, font, scale, theme };
  const reading = scene.readings[cell.index];
  (band.signal ? paintSignal : PAINTERS[band.id])(brush, reading, scene, cell);
}

function paintSignal(brush, reading, { state, theme, colours }, cell) {
  const { axis, height, context } = brush;
  const array = shownArray(reading, state.layer, cell.direction, cell.signal, state.values);
  const signal = shownSignal(cell.signal, state.values, reading.signals);
  cell.order = rowOrder(reading.layers[state.layer], cell.direction, state.order);
  const table = lookupTable(signal, theme);
  if (!array) return;
  const { pixels } = heatmapPixels(array, signal, table, cell.order, axis.first, axis.steps);
  const units = array.shape[1];
  drawHeatmap(context, pixelCanvas(document, pixels, axis.steps, units), axis, height, colours.page);
  if (cell.order) labelEnds(brush, "", "");
  else labelEnds(brush, "0", String(units - 1));
}

const PAINTERS = {
  input(brush, reading, { colours }) {
    const { context, axis, height } = brush;
    if (!reading.image) {
      drawTokens(brush, reading.tokens);
      return;
    }
    const view = { rotated: true, first: axis.first, count: axis.steps };
    const { pixels, width, height: rows } = imagePixels(reading.image, colours.paper, colours.inkRgb, view);
    context.imageSmoothingEnabled = false;
    context.drawImage(pixelCanvas(document, pixels, width, rows), axis.gutter, 0, axis.width, height);
    drawGaps(context, axis, height, colours.page);
  },
  prediction(brush, reading, { state, theme }) {
    const ghost = reading.ghost?.probabilities ?? null;
    const { probabilities, classes, class_hues: hues } = reading;
    if (state.prediction === "area" || classes.length > MOST_ROWS) drawArea(brush, probabilities, classes, hues[theme], ghost);
    else drawProbabilities(brush, probabilities, classes, ghost);
  },
  attention(brush, reading, { readings }) {
    drawBars(brush, reading.attention, attentionTop(readings), reading.ghost?.attention ?? null);
  },
  unit(brush, reading, { state, lanes }, cell) {
    const units = reading.units[state.layer];
    const sources = [{ layer: reading.layers[state.layer][cell.direction], ghost: false }];
    const ghost = reading.ghost?.layers[state.layer]?.[cell.direction];
    if (ghost) sources.unshift({ layer: ghost, ghost: true });
    const there = lanes.map((unit) => (unit < units ? unit : null));
    drawLanes(brush, reading.signals, sources, there, `${reading.title} has ${units} units.`);
  },
};

// The short readout above a cell.
export function cellValue(band, cell, reading, state, step, unit) {
  if (cell.absent) return "";
  if (cell.signal) {
    const place = { layer: state.layer, direction: cell.direction, values: state.values, step, unit };
    return valueWords(reading, cell.signal, place)?.text ?? "";
  }
  if (band.id === "prediction") {
    const leader = leadingClass(reading.probabilities, step);
    return `${reading.classes[leader]}: ${percentage(valueAt(reading.probabilities, step, leader))}`;
  }
  if (band.id === "attention") return shareNumber(valueAt(reading.attention, step));
  if (band.id === "unit") return state.units.length > 1 ? `${state.units.length} units` : `unit ${unit}`;
  if (reading.tokens) return reading.tokens[step];
  return `${capitalised(reading.step_word)} ${step + 1}`;
}
