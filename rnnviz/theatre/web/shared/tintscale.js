// The scale of a tint: a bar of its colours between two numbers and what they mean, or the hues of the classes.

import { cssColour } from "./colours.js";
import { element } from "./dom.js";
import { softTable } from "./swatches.js";
import { tintDigits } from "./tints.js";
import { number } from "./words.js";

// `tint` null hides the scale.
export function fillTintScale(node, tint, theme) {
  node.hidden = tint === null;
  if (tint !== null) node.replaceChildren(...(tint.leaders ? classKeys(tint, theme) : scaleParts(tint, theme)));
}

function classKeys({ classes, hues }, theme) {
  return classes.map((label, k) => {
    const swatch = element("i", { class: "swatch" });
    swatch.style.background = hues[theme][k];
    return element("span", { class: "class-key" }, swatch, label);
  });
}

// A colour bar, and at its ends the numbers and what they mean.
function scaleParts(tint, theme) {
  const strip = element("i", { class: "ramp" });
  const table = softTable(tint, theme).slice(1, 257).filter((_, i) => i % 17 === 0);
  strip.style.background = `linear-gradient(to right, ${table.map((colour) => cssColour(colour)).join(", ")})`;
  const end = (value, words) => element("span", {}, element("b", {}, number(value, value === 0 ? 0 : endDigits(tint))), words ? ` ${words}` : "");
  return [end(tint.low, tint.low_words), strip, end(tint.high, tint.high_words)];
}

function endDigits(tint) {
  const isWhole = Number.isInteger(tint.low) && Number.isInteger(tint.high);
  if (isWhole) return 0;
  const most = tintDigits(tint);
  for (let digits = 1; digits < most; digits += 1) {
    const isExact = [tint.low, tint.high].every((end) => Math.abs(Number(end.toFixed(digits)) - end) < 1e-9);
    if (isExact) return digits;
  }
  return most;
}
