// The panels that are not heatmaps of units: input strip, upright image, probabilities, attention, lines of units.
// `brush` is what they paint with: { context, axis, height, colours, font, scale, theme }.

import { mixed } from "./colours.js";
import { leadingClass, valueAt } from "./decode.js";
import { columnCentre, columnLeft } from "./geometry.js";

// Ink on paper: grey level 0..255 of an image as a colour between the page's paper and its ink.
export function imagePixels(image, paper, ink, { rotated, first = 0, count = image.shape[0] }) {
  const columns = image.shape[1];
  const [width, height] = rotated ? [count, columns] : [columns, count];
  const pixels = new Uint8ClampedArray(width * height * 4);
  const known = [];
  for (let row = 0; row < count; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      const place = rotated ? (columns - 1 - column) * width + row : row * width + column;
      const code = image.codes[(first + row) * columns + column];
      known[code] ??= [...mixed(paper, ink, code / image.top), 255];
      pixels.set(known[code], 4 * place);
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

function eachStep(axis, act) {
  for (let step = axis.first; step < axis.first + axis.steps; step += 1) {
    const left = Math.round(columnLeft(axis, step)) + 0.5;
    act(step, left, Math.max(1, Math.round(columnLeft(axis, step + 1)) - left - 0.5));
  }
}

// One row per class, one bar per step: its height is the probability, the leader of each step is filled with the
// accent. The ghost's probabilities are outlined.
export function drawProbabilities(brush, probabilities, labels, ghost) {
  const { context, axis, height, colours } = brush;
  const classes = probabilities.shape[1];
  const row = height / classes;
  labelClasses(brush, labels, (k) => (k + 0.5) * row + 0.5, row);
  context.fillStyle = colours.track;
  for (let k = 0; k < classes; k += 1) context.fillRect(axis.gutter, (k + 1) * row - 1, axis.width, 1);
  eachStep(axis, (step, left, width) => {
    const leader = leadingClass(probabilities, step);
    for (let k = 0; k < classes; k += 1) {
      const bar = valueAt(probabilities, step, k) * (row - 2);
      context.fillStyle = k === leader ? colours.accent : colours.quiet;
      if (bar > 0.2) context.fillRect(left, (k + 1) * row - 1 - bar, width, bar);
    }
  });
  if (ghost) outlineBars(brush, ghost, (step, k) => [(k + 1) * row - 1, valueAt(ghost, step, k) * (row - 2)], classes);
}

function outlineBars({ context, axis, colours, scale }, ghost, place, rows) {
  context.strokeStyle = colours.ink;
  context.lineWidth = scale;
  eachStep(axis, (step, left, width) => {
    if (step >= ghost.shape[0]) return;
    for (let k = 0; k < rows; k += 1) {
      const [foot, bar] = place(step, k);
      if (bar > 2) context.strokeRect(left + 0.5, foot - bar, width - 1, bar);
    }
  });
}

function labelClasses({ context, axis, colours, font, scale }, labels, middle, room) {
  if (axis.gutter < 20) return;
  context.font = `${Math.min(11 * scale, room - 1)}px ${font}`;
  context.textAlign = "right";
  context.textBaseline = "middle";
  context.fillStyle = colours.text;
  const fits = (text) => context.measureText(text).width <= axis.gutter - 8;
  labels.forEach((label, k) => context.fillText(shortened(label, fits), axis.gutter - 8, middle(k)));
}

function shortened(label, fits) {
  if (fits(label)) return label;
  let kept = label.length - 1;
  while (kept > 1 && !fits(`${label.slice(0, kept)}\u2026`)) kept -= 1;
  return `${label.slice(0, kept)}\u2026`;
}

// All classes on top of each other: the height of a band is its probability, together they fill the panel.
export function drawArea(brush, probabilities, labels, hues, ghost) {
  const { context, axis, height, colours, font, scale } = brush;
  const classes = probabilities.shape[1];
  const tops = new Float64Array(classes);
  eachStep(axis, (step, left, width) => {
    const leader = leadingClass(probabilities, step);
    let foot = height;
    for (let k = 0; k < classes; k += 1) {
      const band = valueAt(probabilities, step, k) * height;
      context.fillStyle = hues[k];
      context.globalAlpha = k === leader ? 1 : 0.45;
      context.fillRect(left, foot - band, width, band);
      tops[k] = foot - band / 2;
      foot -= band;
    }
    context.globalAlpha = 1;
    if (axis.column < 14 * scale || valueAt(probabilities, step, leader) * height < 14) return;
    context.font = `600 ${11 * scale}px ${font}`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    writeOn(context, labels[leader], left + width / 2, tops[leader], hues[leader], width);
  });
  if (ghost) outlineArea(brush, ghost);
  labelEnds(brush, "1", "0");
}

function writeOn(context, text, x, y, background, room) {
  if (context.measureText(text).width > room) return;
  const [r, g, b] = [1, 3, 5].map((i) => parseInt(background.slice(i, i + 2), 16));
  context.fillStyle = 0.3 * r + 0.59 * g + 0.11 * b > 140 ? "#10141a" : "#ffffff";
  context.fillText(text, x, y);
}

function outlineArea({ context, axis, height, colours, scale }, ghost) {
  const classes = ghost.shape[1];
  context.strokeStyle = colours.strong;
  context.lineWidth = 1.5 * scale;
  context.beginPath();
  for (let k = 1; k < classes; k += 1) {
    let isFirst = true;
    eachStep(axis, (step, left, width) => {
      if (step >= ghost.shape[0]) return;
      let below = 0;
      for (let j = 0; j < k; j += 1) below += valueAt(ghost, step, j);
      const y = (1 - below) * height;
      if (isFirst) context.moveTo(left, y);
      else context.lineTo(left, y);
      context.lineTo(left + width, y);
      isFirst = false;
    });
  }
  context.stroke();
}

export function drawBars(brush, array, top, ghost) {
  const { context, axis, height, colours } = brush;
  context.fillStyle = colours.track;
  context.fillRect(axis.gutter, height - 1, axis.width, 1);
  context.fillRect(axis.gutter, 0, axis.width, 1);
  context.fillStyle = colours.bar;
  eachStep(axis, (step, left, width) => {
    const bar = (valueAt(array, step) / top) * (height - 2);
    context.fillRect(left, height - 1 - bar, width, bar);
  });
  const ghostBar = (step) => [height - 1, Math.min(1, valueAt(ghost, step) / top) * (height - 2)];
  if (ghost) outlineBars(brush, ghost, ghostBar, 1);
  labelEnds(brush, String(top), "0");
}

export function labelEnds({ context, axis, height, colours, font, scale }, upper, lower) {
  if (axis.gutter < 20) return;
  context.fillStyle = colours.text;
  context.font = `${11 * scale}px ${font}`;
  context.textAlign = "right";
  context.textBaseline = "top";
  context.fillText(upper, axis.gutter - 8, 0);
  context.textBaseline = "bottom";
  context.fillText(lower, axis.gutter - 8, height);
}

// One lane per unit: its signals over time on -1..1, a cell state on its own stated range. `sources` are
// [{ layer: {signal: array}, dashed }], the ghost first, so that the reading lies on top of it.
export function drawLanes(brush, signals, sources, lanes, missing) {
  const { context, axis, height, colours, font, scale } = brush;
  const room = height / lanes.length;
  lanes.forEach((unit, i) => {
    const top = i * room;
    const place = (share) => top + 6 + (1 - share) * (room - 12);
    context.fillStyle = colours.track;
    for (const share of [0, 0.5, 1]) context.fillRect(axis.gutter, place(share) - 0.5, axis.width, 1);
    if (unit === null) {
      writeMissing(brush, missing, place(0.5));
      return;
    }
    for (const { layer, ghost } of sources) drawUnit(brush, signals, layer, unit, place, ghost);
    if (axis.gutter < 20) return;
    context.fillStyle = colours.text;
    context.font = `${11 * scale}px ${font}`;
    context.textAlign = "right";
    context.textBaseline = "middle";
    const texts = lanes.length > 1 ? [[0.5, String(unit)]] : [[1, "1"], [0.5, "0"], [0, "\u22121"]];
    for (const [share, text] of texts) context.fillText(text, axis.gutter - 8, place(share));
  });
}

function writeMissing({ context, axis, colours, font, scale }, text, y) {
  context.fillStyle = colours.text;
  context.font = `${12 * scale}px ${font}`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText(text, axis.gutter + axis.width / 2, y);
}

function drawUnit({ context, axis, theme, scale }, signals, layer, unit, place, ghost) {
  for (const signal of signals) {
    const array = layer[signal.name];
    const low = signal.kind === "gate" ? -1 : signal.low;
    const last = Math.min(axis.first + axis.steps, array.shape[0]);
    context.beginPath();
    for (let step = axis.first; step < last; step += 1) {
      const share = (valueAt(array, step, unit) - low) / (signal.high - low);
      if (Number.isNaN(share)) continue;
      const y = place(Math.min(1, Math.max(0, share)));
      context.lineTo(columnCentre(axis, step), y);
      // One step is a dash as wide as half its column: a path of one point would paint nothing.
      if (last - axis.first === 1) context.lineTo(columnCentre(axis, step) + axis.column / 4, y);
    }
    context.strokeStyle = signal.hue[theme];
    context.lineWidth = (ghost ? 1 : 2) * scale;
    context.globalAlpha = ghost ? 0.8 : 1;
    context.lineJoin = "round";
    context.setLineDash(ghost ? [2 * scale, 3 * scale] : signal.name === "cell" ? [7 * scale, 3 * scale] : []);
    context.stroke();
  }
  context.setLineDash([]);
  context.globalAlpha = 1;
}

// Tokens, upright where there is room and turned where there is not.
export function drawTokens({ context, axis, height, colours, font, scale }, tokens) {
  context.fillStyle = colours.text;
  context.font = `${12 * scale}px ${font}`;
  context.textBaseline = "middle";
  for (let step = axis.first; step < axis.first + axis.steps; step += 1) {
    context.save();
    context.beginPath();
    context.rect(columnLeft(axis, step), 0, axis.column, height);
    context.clip();
    context.translate(columnCentre(axis, step), height - 4);
    context.rotate(-Math.PI / 2);
    context.fillText(tokens[step], 0, 0);
    context.restore();
  }
}

// Numbers of the steps, a triangle over each pinned one, and a sign over each step that the reading marks.
export function drawTicks(brush, marked, pinned, marks) {
  const { context, axis, height, colours, font, scale } = brush;
  const inside = (step) => step >= axis.first && step < axis.first + axis.steps;
  context.font = `${11 * scale}px ${font}`;
  context.textAlign = "center";
  context.textBaseline = "alphabetic";
  context.fillStyle = colours.text;
  for (const step of marked) {
    const text = String(step + 1);
    const half = context.measureText(text).width / 2;
    const [least, most] = [axis.gutter + half - 2 * scale, axis.gutter + axis.width - half];
    const x = Math.min(Math.max(columnCentre(axis, step), least), most);
    context.fillText(text, x, height - 4 * scale);
  }
  // The decision last: it is the flip after which nothing changes any more.
  const rising = [...marks].sort((a, b) => (a.kind === "decision") - (b.kind === "decision") || a.step - b.step);
  let last = -Infinity;
  for (const mark of rising) {
    const x = columnCentre(axis, mark.step);
    if (!inside(mark.step) || (mark.kind === "flip" && x - last < 7 * scale)) continue;
    if (mark.kind === "flip") last = x;
    drawMark(brush, mark, x);
  }
  context.fillStyle = colours.accent;
  for (const step of pinned) {
    if (!inside(step)) continue;
    const x = columnCentre(axis, step);
    context.beginPath();
    context.moveTo(x - 5 * scale, 0);
    context.lineTo(x + 5 * scale, 0);
    context.lineTo(x, 7 * scale);
    context.fill();
  }
}

// A decision is a filled diamond, a flip an open one, a note a short bar.
function drawMark({ context, colours, scale }, { kind }, x) {
  const [y, r] = [12 * scale, 4 * scale];
  context.beginPath();
  if (kind === "note") context.rect(x - 1, y - r, 2, 2 * r);
  else {
    context.moveTo(x, y - r);
    context.lineTo(x + r, y);
    context.lineTo(x, y + r);
    context.lineTo(x - r, y);
    context.closePath();
  }
  context.fillStyle = kind === "flip" ? colours.page : colours.strong;
  context.strokeStyle = colours.strong;
  context.lineWidth = 1.25 * scale;
  context.fill();
  context.stroke();
}
