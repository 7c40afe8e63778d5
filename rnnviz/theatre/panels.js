// Which panels a reading has, how each is painted, and what each says about one step and one unit.

import { valueAt, leadingClass } from "./decode.js";
import { barTop, heatmapHeight } from "./geometry.js";
import { drawBars, drawLines, drawProbabilities, imagePixels, labelEnds } from "./charts.js";
import { drawGaps, drawHeatmap, heatmapPixels, pixelCanvas, sharpContext } from "./heatmap.js";
import { fillScale } from "./dom.js";
import { lookupTable } from "./colours.js";
import { capitalised, number, percentage } from "./words.js";

export function listPanels(reading, layer, muted, wanted, ratio) {
  const word = reading.step_word;
  const units = reading.units[layer];
  const panels = [];
  if (reading.image) {
    panels.push({
      id: "input",
      label: "Input",
      meaning: `One ${word} of the image per step, turned so that time runs to the right.`,
      height: 84,
      description: `Input image, turned: one column per ${word}`,
    });
  }
  panels.push({
    id: "prediction",
    label: "Prediction",
    meaning: `What the network would answer if it stopped after this ${word}.`,
    height: Math.max(110, 13 * reading.classes.length),
    description: `Running probabilities of ${reading.classes.length} classes over ${reading.steps} steps`,
  });
  if (reading.attention) {
    panels.push({
      id: "attention",
      label: "Attention",
      meaning: `How much each ${word} counts in the final answer; all of them sum to 1.`,
      height: 38,
      description: `Attention weight of each ${word}`,
    });
  }
  for (const signal of reading.signals) {
    if (muted.includes(signal.name)) continue;
    panels.push({
      id: signal.name,
      signal,
      label: signal.label,
      symbol: signal.symbol,
      meaning: signal.meaning,
      height: heatmapHeight(units, ratio),
      description: `${signal.label}: heatmap of ${units} units by ${reading.steps} steps, from ${signal.low} to ${signal.high}`,
    });
  }
  panels.push({
    id: "unit",
    label: "One unit",
    meaning: "Every signal of the chosen unit over time, each in its own colour.",
    height: 104,
    description: "Signals of one unit as lines over time",
  });
  return wanted ? panels.filter((panel) => wanted.includes(panel.id)) : panels;
}

// `scene` is everything a painter may look at: { reading, state, axis, colours, theme, font, ratio, unit }.
export function paintPanel(panel, scene) {
  const { axis, ratio } = scene;
  const context = sharpContext(panel.canvas, axis.gutter + axis.width, panel.height, ratio);
  const painter = panel.signal ? paintSignal : PAINTERS[panel.id];
  painter(panel, scene, context);
}

function paintSignal(panel, scene, context) {
  const { reading, state, axis, colours, theme, font } = scene;
  const { signal, height } = panel;
  const array = reading.layers[state.layer].forward[signal.name];
  const { pixels, beyond } = heatmapPixels(array, signal, lookupTable(signal, theme));
  const [steps, units] = array.shape;
  drawHeatmap(context, pixelCanvas(document, pixels, steps, units), axis, height, colours.page);
  labelEnds(context, axis, height, "0", String(units - 1), colours, font);
  panel.beyond = beyond;
  fillScale(panel.scale, signal, theme, beyond > 0, (value) => number(value, 0));
  panel.swatch.style.background = signal.hue[theme];
}

const PAINTERS = {
  input(panel, { reading, axis, colours }, context) {
    const { pixels, width, height } = imagePixels(reading.image, colours.paper, colours.inkRgb, { rotated: true });
    context.imageSmoothingEnabled = false;
    context.drawImage(pixelCanvas(document, pixels, width, height), axis.gutter, 0, axis.width, panel.height);
    drawGaps(context, axis, panel.height, colours.page);
  },
  prediction(panel, { reading, axis, colours, font }, context) {
    drawProbabilities(context, reading.probabilities, reading.classes, axis, panel.height, colours, font);
  },
  attention(panel, { reading, axis, colours, font }, context) {
    drawBars(context, reading.attention, axis, panel.height, attentionTop(reading), colours, font);
  },
  unit(panel, { reading, state, unit, axis, colours, theme, font }, context) {
    const layer = reading.layers[state.layer].forward;
    drawLines(context, reading.signals, layer, unit, axis, panel.height, colours, font, theme);
  },
};

export function attentionTop(reading) {
  let most = 0;
  for (let step = 0; step < reading.steps; step += 1) most = Math.max(most, valueAt(reading.attention, step));
  return barTop(most);
}

// The short readout at the right of a panel's head.
export function panelValue(panel, reading, layer, step, unit) {
  if (panel.signal) {
    const value = valueAt(reading.layers[layer].forward[panel.signal.name], step, unit);
    return number(value, 3);
  }
  if (panel.id === "prediction") {
    const leader = leadingClass(reading.probabilities, step);
    return `${reading.classes[leader]}: ${percentage(valueAt(reading.probabilities, step, leader))}`;
  }
  if (panel.id === "attention") return number(valueAt(reading.attention, step), 3);
  if (panel.id === "unit") return `unit ${unit}`;
  return `${capitalised(reading.step_word)} ${step + 1}`;
}
