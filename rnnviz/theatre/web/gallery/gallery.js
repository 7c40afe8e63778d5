// The bundled samples as a wall of small pictures; a click picks one.

import { decodeArray } from "../shared/decode.js";
import { parseColour } from "../shared/colours.js";
import { imagePixels } from "../shared/charts.js";
import { pixelCanvas } from "../shared/heatmap.js";
import { nextTurn } from "../shared/turns.js";
import { unpack } from "../shared/unpack.js";

const GALLERIES = new WeakMap();

function buildGallery(parent, data) {
  const root = document.createElement("div");
  root.className = "gallery";
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", "Bundled sample digits");
  const buttons = data.images.map((packed, index) => {
    const button = document.createElement("button");
    button.type = "button";
    button.title = `Sample ${index + 1}: a ${data.labels[index]}`;
    button.setAttribute("aria-label", button.title);
    button.append(document.createElement("canvas"));
    return button;
  });
  root.append(...buttons);
  parent.append(root);
  return { root, buttons, images: data.images.map(decodeArray) };
}

function paintGallery({ root, buttons, images }) {
  const style = getComputedStyle(root);
  const paper = parseColour(style.getPropertyValue("--page").trim() || "#ffffff");
  const ink = parseColour(style.getPropertyValue("--ink").trim() || "#1d2127");
  buttons.forEach((button, index) => {
    const { pixels, width, height } = imagePixels(images[index], paper, ink, { rotated: false });
    const canvas = button.firstChild;
    canvas.width = width;
    canvas.height = height;
    canvas.getContext("2d").drawImage(pixelCanvas(document, pixels, width, height), 0, 0);
  });
}

export default function mountGallery({ data, parentElement, setStateValue }) {
  const given = unpack(data);
  let gallery = GALLERIES.get(parentElement);
  if (!gallery) {
    gallery = buildGallery(parentElement, given);
    GALLERIES.set(parentElement, gallery);
  }
  paintGallery(gallery);
  gallery.buttons.forEach((button, index) => {
    button.setAttribute("aria-pressed", String(index === given.picked));
    button.onclick = () => setStateValue("picked", { value: index, turn: nextTurn() });
  });
  return () => {
    gallery.root.remove();
    GALLERIES.delete(parentElement);
  };
}
