// What the theatre says about a place: in the tip beside the pointer, and to screen readers.

import { leadingClass, valueAt } from "./decode.js";
import { number, signalSentence, stepSentence } from "./words.js";

export function leaderSentence(reading, step) {
  const leader = leadingClass(reading.probabilities, step);
  return stepSentence(reading, step, leader, valueAt(reading.probabilities, step, leader));
}

export function tipText(panel, reading, layer, step, unit) {
  if (panel.signal && unit !== null) {
    const value = valueAt(reading.layers[layer].forward[panel.signal.name], step, unit);
    return signalSentence(panel.signal, value, unit, step, reading.step_word);
  }
  if (panel.id === "attention") {
    const share = valueAt(reading.attention, step);
    return `attention on ${reading.step_word} ${step + 1}: ${number(share, 3)} of the whole`;
  }
  return leaderSentence(reading, step);
}

export function announcement(reading, layer, step, pinnedUnit) {
  const sentences = [leaderSentence(reading, step)];
  for (const signal of pinnedUnit === null ? [] : reading.signals) {
    const value = valueAt(reading.layers[layer].forward[signal.name], step, pinnedUnit);
    sentences.push(signalSentence(signal, value, pinnedUnit, step, reading.step_word));
  }
  return `${sentences.join(". ")}.`;
}
