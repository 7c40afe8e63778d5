// Numbers and sentences, in the words of rnnviz/signals.py. Everything here ends up as textContent, never as HTML.

export function number(value, digits = 2) {
  const text = value.toFixed(digits);
  const zero = Number(text) === 0;
  return (zero ? (0).toFixed(digits) : text).replace("-", "\u2212");
}

export function percentage(probability) {
  const percent = 100 * probability;
  if (percent > 99.95) return "100 %";
  if (percent < 0.05) return "0 %";
  const digits = percent < 0.95 || percent >= 99.5 ? 1 : 0;
  return `${percent.toFixed(digits)} %`;
}

export function signalWords(signal, value) {
  const band = signal.bands.find(([bound]) => value < bound) ?? signal.bands.at(-1);
  const percent = Math.round(100 * value);
  return band[1]
    .replaceAll("{percent}", String(percent))
    .replaceAll("{rest}", String(100 - percent))
    .replaceAll("{value}", number(value));
}

export function signalSentence(signal, value, unit, step, stepWord) {
  const place = `${signal.label.toLowerCase()} of unit ${unit} at ${stepWord} ${step + 1}`;
  return `${place}: ${number(value)}, ${signalWords(signal, value)}`;
}

export function capitalised(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

export function stepSentence(reading, step, leader, probability) {
  const where = `${capitalised(reading.step_word)} ${step + 1} of ${reading.steps}`;
  return `${where}: reads ${reading.classes[leader]} with ${percentage(probability)}`;
}
