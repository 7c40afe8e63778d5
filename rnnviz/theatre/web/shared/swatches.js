// From the numbers of a tint to colours of tokens: a background of the tint's ramp, and letters that can be read on it.
// Pure. A tint is as tints.py sends it, `values` being numbers with NaN where there is none.

import { contrast, cssColour, mixed, parseColour, rampColour, tableIndex } from "./colours.js";

// Text wants quieter colours than a heatmap: this much of each half of a ramp. What lies beyond the range gets the rest.
const SHARE = 0.6;
const LEVELS = 24;
const READABLE = 4.5;
const BLACK = [0, 0, 0];
const WHITE = [255, 255, 255];

// A token without a number has no colour of its own.
export const NO_SWATCH = -1;

// { swatches: [{ background, ink }], codes: Int16Array (T,) }, both as CSS and by token. `colours` are those of the theme.
export function tokenColours(tint, theme, { inkRgb, page }) {
  const pageRgb = parseColour(page);
  const written = (background) => ({ background: cssColour(background), ink: inkOn(background, inkRgb, pageRgb) });
  if (tint.leaders) return classColours(tint, theme, pageRgb, written);
  const swatches = softTable(tint, theme).map(written);
  const codes = Int16Array.from(tint.values, (value) => (Number.isNaN(value) ? NO_SWATCH : tableIndex(tint, value)));
  return { swatches, codes };
}

// 258 colours: below the range, 256 from low to high, above it.
export function softTable({ ramp, diverging }, theme) {
  const stops = ramp[theme].map(parseColour);
  const soft = (share) => (diverging ? 0.5 + (share - 0.5) * SHARE : share * SHARE);
  const inner = Array.from({ length: 256 }, (_, i) => rampColour(stops, soft(i / 255)));
  return [diverging ? stops[0] : inner[0], ...inner, stops.at(-1)];
}

// More than two classes: the hue of the one in the lead, the stronger the surer.
function classColours({ leaders, values, hues }, theme, pageRgb, written) {
  const swatches = hues[theme].flatMap((hue) =>
    Array.from({ length: LEVELS }, (_, i) => written(mixed(pageRgb, parseColour(hue), (SHARE * i) / (LEVELS - 1)))),
  );
  const codes = Int16Array.from(values, (value, step) => leaders[step] * LEVELS + Math.round(value * (LEVELS - 1)));
  return { swatches, codes };
}

// The page's own ink where it can be read, else the page, else black or white: one of them always can.
export function inkOn(background, ink, page) {
  const found = [ink, page, BLACK, WHITE].find((one) => contrast(background, one) >= READABLE);
  return cssColour(found ?? BLACK);
}
