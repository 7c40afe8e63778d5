// The panels that are not heatmaps of units: input strip, upright image, probabilities, attention, lines of one unit.

import { columnLeft, columnCentre } from "./geometry.js";
import { leadingClass, valueAt } from "./decode.js";
import { mixed } from "./colours.js";

// Ink on paper: grey level 0..255 of an image as a colour between the page's paper and its ink.
export function imagePixels(image, paper, ink, { rotated }) {
  const [rows, columns] = image.shape;
  const [width, height] = rotated ? [rows, columns] : [columns, rows];
  const pixels = new Uint8ClampedArray(width * height * 4);
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      const place = rotated ? (columns - 1 - column) * width + row : row * width + column;
      const share = image.codes[row * columns + column] / image.top;
      pixels.set([...mixed(paper, ink, share), 255], 4 * place);
    }
  }
  return { pixels, width, height };
}

// The image as a person holds it: rows up to the cursor are uncovered, the one being read is framed.
export function drawUpright(context, source, size, step, colours) {
  const row = size / source.height;
  context.imageSmoothingEnabled = false;
  context.clearRect(0, 0, size, size);
  context.drawImage(source, 0, 0, size, size);
  const top = (step + 1) * row;
  context.fillStyle = colours.cover;
  context.fillRect(0, top, size, size - top);
  context.strokeStyle = colours.coverLine;
  context.lineWidth = 1;
  context.beginPath();
  for (let x = -size; x < size; x += 7) {
    context.moveTo(x, size);
    context.lineTo(x + size, 0);
  }
  context.save();
  context.clip(rectangle(0, top, size, size - top));
  context.stroke();
  context.restore();
  context.strokeStyle = colours.accent;
  context.lineWidth = 2;
  context.strokeRect(1, step * row, size - 2, Math.max(row, 2));
}

function rectangle(x, y, width, height) {
  const path = new Path2D();
  path.rect(x, y, width, Math.max(height, 0));
  return path;
}

// One row per class, one bar per step: its height is the probability, the leader of each step is filled with the accent.
export function drawProbabilities(context, probabilities, labels, axis, height, colours, font) {
  const [steps, classes] = probabilities.shape;
  const row = height / classes;
  context.clearRect(0, 0, axis.gutter + axis.width, height);
  context.font = `${Math.min(11, row - 2)}px ${font}`;
  context.textAlign = "right";
  context.textBaseline = "middle";
  for (let k = 0; k < classes; k += 1) {
    context.fillStyle = colours.track;
    context.fillRect(axis.gutter, (k + 1) * row - 1, axis.width, 1);
    context.fillStyle = colours.text;
    context.fillText(labels[k], axis.gutter - 8, (k + 0.5) * row + 0.5);
  }
  for (let step = 0; step < steps; step += 1) {
    const leader = leadingClass(probabilities, step);
    const left = Math.round(columnLeft(axis, step)) + 0.5;
    const width = Math.max(1, Math.round(columnLeft(axis, step + 1)) - left - 0.5);
    for (let k = 0; k < classes; k += 1) {
      const bar = valueAt(probabilities, step, k) * (row - 2);
      context.fillStyle = k === leader ? colours.accent : colours.quiet;
      if (bar > 0.2) context.fillRect(left, (k + 1) * row - 1 - bar, width, bar);
    }
  }
}

export function drawBars(context, array, axis, height, top, colours, font) {
  context.clearRect(0, 0, axis.gutter + axis.width, height);
  context.fillStyle = colours.track;
  context.fillRect(axis.gutter, height - 1, axis.width, 1);
  context.fillRect(axis.gutter, 0, axis.width, 1);
  for (let step = 0; step < axis.steps; step += 1) {
    const bar = (valueAt(array, step) / top) * (height - 2);
    const left = Math.round(columnLeft(axis, step)) + 0.5;
    const width = Math.max(1, Math.round(columnLeft(axis, step + 1)) - left - 0.5);
    context.fillStyle = colours.ink;
    context.fillRect(left, height - 1 - bar, width, bar);
  }
  labelEnds(context, axis, height, String(top), "0", colours, font);
}

export function labelEnds(context, axis, height, upper, lower, colours, font) {
  context.fillStyle = colours.text;
  context.font = `11px ${font}`;
  context.textAlign = "right";
  context.textBaseline = "top";
  context.fillText(upper, axis.gutter - 8, 0);
  context.textBaseline = "bottom";
  context.fillText(lower, axis.gutter - 8, height);
}

// The signals of one unit as lines over time, all on -1..1; a cell state is drawn on its own stated range.
export function drawLines(context, signals, layer, unit, axis, height, colours, font, theme) {
  context.clearRect(0, 0, axis.gutter + axis.width, height);
  const pad = 5;
  const place = (share) => pad + (1 - share) * (height - 2 * pad);
  context.fillStyle = colours.track;
  for (const share of [0, 0.5, 1]) context.fillRect(axis.gutter, place(share) - 0.5, axis.width, 1);
  signals.forEach((signal) => {
    const array = layer[signal.name];
    const low = signal.kind === "gate" ? -1 : signal.low;
    context.beginPath();
    for (let step = 0; step < axis.steps; step += 1) {
      const share = Math.min(1, Math.max(0, (valueAt(array, step, unit) - low) / (signal.high - low)));
      context.lineTo(columnCentre(axis, step), place(share));
    }
    context.strokeStyle = signal.hue[theme];
    context.lineWidth = 2;
    context.lineJoin = "round";
    context.setLineDash(signal.name === "cell" ? [6, 3] : []);
    context.stroke();
  });
  context.setLineDash([]);
  labelEnds(context, axis, height, "1", "\u22121", colours, font);
  context.textBaseline = "middle";
  context.fillText("0", axis.gutter - 8, height / 2);
}

export function drawTicks(context, marked, axis, height, colours, font, reserved) {
  context.clearRect(0, 0, axis.gutter + axis.width, height);
  context.font = `11px ${font}`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillStyle = colours.text;
  for (const step of marked) context.fillText(String(step + 1), columnCentre(axis, step), height / 2 + 0.5);
  if (reserved !== null) {
    context.fillStyle = colours.accent;
    const x = columnCentre(axis, reserved);
    context.beginPath();
    context.moveTo(x - 5, 0);
    context.lineTo(x + 5, 0);
    context.lineTo(x, 6);
    context.fill();
  }
}
