// A signal as a picture: one pixel per unit (downwards) and step (rightwards), stretched to the panel without blur.

import { tableIndex } from "./colours.js";
import { codeToValue } from "./decode.js";

// RGBA bytes of a (T, H) array, H rows of T pixels, and how many values lie beyond the drawn range.
// `order[row]` is the unit drawn in that row.
export function heatmapPixels(array, signal, table, order = null) {
  const [steps, units] = array.shape;
  const indexOf = indexer(array, signal);
  const pixels = new Uint8ClampedArray(steps * units * 4);
  let beyond = 0;
  for (let row = 0; row < units; row += 1) {
    const unit = order ? order[row] : row;
    for (let step = 0; step < steps; step += 1) {
      const index = indexOf(array.codes[step * units + unit]);
      if (index === 0 || index === 257) beyond += 1;
      const to = 4 * (row * steps + step);
      pixels[to] = table[4 * index];
      pixels[to + 1] = table[4 * index + 1];
      pixels[to + 2] = table[4 * index + 2];
      pixels[to + 3] = 255;
    }
  }
  return { pixels, beyond };
}

// From a code to its place in the lookup table; worked out once per code where there are more values than codes.
function indexer(array, signal) {
  const work = (code) => tableIndex(signal, codeToValue(array, code));
  if (array.codes.length <= array.top) return work;
  const indices = new Uint16Array(array.top + 1);
  for (let code = 0; code <= array.top; code += 1) indices[code] = work(code);
  return (code) => indices[code];
}

export function pixelCanvas(document, pixels, width, height) {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  canvas.getContext("2d").putImageData(new ImageData(pixels, width, height), 0, 0);
  return canvas;
}

// Sizes a canvas for the screen's density and returns a context whose unit is one CSS pixel.
export function sharpContext(canvas, width, height, ratio) {
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const context = canvas.getContext("2d");
  context.setTransform(canvas.width / width, 0, 0, canvas.height / height, 0, 0);
  return context;
}

// Stretches a pixel canvas over the axis and parts the steps with hairlines once they are wide enough.
export function drawHeatmap(context, source, axis, height, gap) {
  context.imageSmoothingEnabled = source.height > height * context.getTransform().d;
  context.clearRect(0, 0, axis.gutter + axis.width, height);
  context.drawImage(source, axis.gutter, 0, axis.width, height);
  drawGaps(context, axis, height, gap);
}

export function drawGaps(context, axis, height, colour) {
  if (axis.column < 7) return;
  context.fillStyle = colour;
  for (let step = 1; step < axis.steps; step += 1) {
    const x = Math.round(axis.gutter + step * axis.column);
    context.fillRect(x - 0.5, 0, 1, height);
  }
}
