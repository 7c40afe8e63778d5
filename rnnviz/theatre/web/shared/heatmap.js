// A signal as a picture: one pixel per unit (downwards) and step (rightwards), stretched to the panel without blur.

import { tableIndex } from "./colours.js";
import { codeToValue } from "./decode.js";

const UNKNOWN = 0xffff;

// RGBA bytes of `count` steps of a (T, H) array from step `first` on, H rows of `count` pixels, and how many values in
// it lie beyond the drawn range. `order[row]` is the unit drawn in that row. What has no value is paper.
export function heatmapPixels(array, signal, table, order = null, first = 0, count = array.shape[0]) {
  const units = array.shape[1];
  const indexOf = indexer(array, signal);
  const colours = new Uint32Array(table.buffer.slice(0));
  const pixels = new Uint8ClampedArray(count * units * 4);
  const words = new Uint32Array(pixels.buffer);
  let beyond = 0;
  let to = 0;
  for (let row = 0; row < units; row += 1) {
    let from = first * units + (order ? order[row] : row);
    for (let step = 0; step < count; step += 1, from += units, to += 1) {
      const index = indexOf(array.codes[from]);
      if (index === 0 || index === 257) beyond += 1;
      words[to] = colours[index];
    }
  }
  return { pixels, beyond };
}

// From a code to its place in the lookup table; worked out once per code where there are more values than codes.
function indexer(array, signal) {
  const work = (code) => tableIndex(signal, codeToValue(array, code));
  if (array.codes.length <= array.top || !(array.codes.BYTES_PER_ELEMENT <= 2)) return work;
  const known = new Uint16Array(256 ** array.codes.BYTES_PER_ELEMENT).fill(UNKNOWN);
  return (code) => {
    if (known[code] === UNKNOWN) known[code] = work(code);
    return known[code];
  };
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
  const [across, down] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== across) canvas.width = across;
  if (canvas.height !== down) canvas.height = down;
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const context = canvas.getContext("2d");
  context.setTransform(across / width, 0, 0, down / height, 0, 0);
  context.clearRect(0, 0, width, height);
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
