// Colours: the ramps come from Python with the reading; here they become lookup tables of bytes.

export function parseColour(text) {
  const hex = /^#([0-9a-f]{6})$/i.exec(text.trim());
  if (hex) return [0, 2, 4].map((i) => parseInt(hex[1].slice(i, i + 2), 16));
  const short = /^#([0-9a-f]{3})$/i.exec(text.trim());
  if (short) return [...short[1]].map((digit) => parseInt(digit + digit, 16));
  const rgb = /^rgba?\(\s*([\d.]+)[,\s]+([\d.]+)[,\s]+([\d.]+)/.exec(text.trim());
  if (rgb) return rgb.slice(1, 4).map((channel) => Math.round(Number(channel)));
  throw new Error(`expected a colour as #rrggbb, #rgb or rgb(), got ${text}`);
}

export function luminance(colour) {
  const [r, g, b] = colour.map((channel) => {
    const share = channel / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

export function contrast(one, other) {
  const [high, low] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (high + 0.05) / (low + 0.05);
}

export function mixed(from, to, share) {
  return from.map((channel, i) => Math.round(channel + (to[i] - channel) * share));
}

export function cssColour(colour, alpha = 1) {
  return alpha === 1 ? `rgb(${colour.join(" ")})` : `rgb(${colour.join(" ")} / ${alpha})`;
}

export function rampColour(stops, share) {
  const place = Math.min(Math.max(share, 0), 1) * (stops.length - 1);
  const left = Math.min(Math.floor(place), stops.length - 2);
  return mixed(stops[left], stops[left + 1], place - left);
}

// 259 entries of four bytes: below the range, 256 colours from low to high, above the range, and no value at all, which
// is painted as zero is: paper.
export function lookupTable(signal, theme) {
  const stops = signal.ramp[theme].map(parseColour);
  const [below, above] = signal.beyond[theme].map(parseColour);
  const table = new Uint8ClampedArray(259 * 4);
  for (let i = 0; i < 258; i += 1) {
    const colour = i === 0 ? below : i === 257 ? above : rampColour(stops, (i - 1) / 255);
    table.set([...colour, 255], 4 * i);
  }
  table.set([...rampColour(stops, -signal.low / (signal.high - signal.low)), 255], 4 * 258);
  return table;
}

export function tableIndex(signal, value) {
  if (Number.isNaN(value)) return 258;
  const slack = 1e-6 * (signal.high - signal.low);
  if (value < signal.low - slack) return 0;
  if (value > signal.high + slack) return 257;
  const share = (value - signal.low) / (signal.high - signal.low);
  return 1 + Math.min(255, Math.max(0, Math.round(share * 255)));
}
