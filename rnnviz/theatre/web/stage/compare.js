// Several readings at once: whether they stand beside each other, and what is said where one has nothing to show.

import { leadingClass, valueAt } from "../shared/decode.js";
import { missingWords, percentage } from "../shared/words.js";

const LEAST_COLUMN = { 2: 620, 3: 840 };

// Beside each other where each gets a readable column; under each other elsewhere. A wish counts unless it is hopeless.
export function standsBeside(arrangement, readings, width) {
  if (readings < 2 || arrangement === "stacked") return false;
  return width >= (arrangement === "beside" ? 480 : LEAST_COLUMN[readings]);
}

// reads 3, 99 % sure
export function answerLine(reading, step) {
  const leader = leadingClass(reading.probabilities, step);
  return `reads ${reading.classes[leader]}, ${percentage(valueAt(reading.probabilities, step, leader))} sure`;
}

export function absence(reading, panel) {
  const { id } = panel;
  if (id === "attention" && !reading.probabilities) return `${reading.title} gives no answer and weighs nothing.`;
  if (id === "attention") return `${reading.title} answers from its last state: it weighs no ${reading.step_word}s.`;
  if (id === "prediction") return `${reading.title} gives no answer.`;
  if (id === "input") return `${reading.title} came without its input.`;
  return missingWords(reading.cell_title, panel);
}

// True when all readings read the very same picture, which then need not be drawn several times.
export function sameImage(readings) {
  const [first, ...rest] = readings.map(({ image }) => image);
  if (!first) return false;
  return rest.every((image) => image && image.codes.length === first.codes.length && equal(image.codes, first.codes));
}

function equal(one, other) {
  return one.every((code, i) => code === other[i]);
}

// Widths and places of the columns: only the first has a gutter with labels, so the time axes are equally wide.
export function columnPlaces(width, columns, gutter, gap) {
  const room = Math.floor((width - gutter - gap * (columns - 1)) / columns);
  return Array.from({ length: columns }, (_, i) => ({
    gutter: i === 0 ? gutter : 0,
    width: i === 0 ? gutter + room : room,
    left: i === 0 ? 0 : gutter + i * (room + gap),
  }));
}
