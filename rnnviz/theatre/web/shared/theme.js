// The colours of the app, as Streamlit hands them down in custom properties, and what the canvases need of them.

import { contrast, cssColour, luminance, mixed, parseColour } from "./colours.js";

export function readTheme(root) {
  const style = getComputedStyle(root);
  const read = (name, fallback) => style.getPropertyValue(name).trim() || fallback;
  const page = read("--page", "#ffffff");
  const text = read("--ink", "#1d2127");
  const accent = read("--accent", "#0b5fb0");
  return { key: [page, text, accent].join(), font: style.fontFamily, ...themeColours(page, text, accent) };
}

export function themeColours(page, text, accent) {
  const pageRgb = parseColour(page);
  const inkRgb = parseColour(text);
  const between = (share) => cssColour(mixed(pageRgb, inkRgb, share));
  return {
    theme: luminance(pageRgb) < 0.25 ? "dark" : "light",
    onAccent: contrast(parseColour(accent), [255, 255, 255]) >= 4.5 ? "#ffffff" : "#10141a",
    colours: {
      page,
      accent,
      inkRgb,
      paper: mixed(pageRgb, inkRgb, 0.04),
      ink: between(0.62),
      text: between(0.72),
      strong: between(0.9),
      bar: between(0.45),
      quiet: between(0.3),
      track: between(0.13),
      cover: between(0.05),
      coverLine: cssColour(inkRgb, 0.14),
    },
  };
}
