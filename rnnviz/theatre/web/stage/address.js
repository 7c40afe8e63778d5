// A view as the words of an address, and back: `?layer=2&units=37.90&order=cluster`. The twin of View.from_query and
// View.to_query in rnnviz/theatre/view.py; both are tested with tests/js/addresses.json.
// Steps, layers and readings count from 1 in print, units from 0. What equals the default stays out.

import { DEFAULT_VIEW, VIEW_CHECKS } from "../shared/view.js";

const LONGEST_LIST = 200;
const ADDRESS_VERSION = "2";

const wholeNumber = (sent) => (/^[0-9]{1,6}$/.test(sent) ? Number(sent) : undefined);
const countedFromOne = (sent) => (wholeNumber(sent) === undefined ? undefined : wholeNumber(sent) - 1);
const decimalNumber = (sent) => (/^[0-9](\.[0-9]{0,2})?$/.test(sent) ? Number(sent) : undefined);
const asSent = (sent) => sent;
const ifOne = (sent) => (sent === "1" ? true : undefined);
const listOf = (read) => (sent) => (sent.length <= LONGEST_LIST ? sent.split(".").map(read) : undefined);
const rangeOf = (sent) => (sent.length <= LONGEST_LIST ? sent.split("-").map(countedFromOne) : undefined);
const asText = (value) => String(value);
const fromOne = (value) => String(value + 1);
const dotted = (values) => values.join(".");

// Per word of an address: the field, how it is read, how it is written.
const VIEW_WORDS = {
  layer: ["layer", countedFromOne, fromOne],
  dir: ["direction", asSent, asText],
  step: ["step", countedFromOne, fromOne],
  steps: ["steps", listOf(countedFromOne), (steps) => dotted(steps.map(fromOne))],
  units: ["units", listOf(wholeNumber), dotted],
  order: ["order", asSent, asText],
  as: ["values", asSent, asText],
  span: ["span", rangeOf, (span) => span.map(fromOne).join("-")],
  on: ["threshold", decimalNumber, asText],
  brush: ["brush", asSent, asText],
  hide: ["hidden", listOf(asSent), dotted],
  prob: ["prediction", asSent, asText],
  lay: ["arrangement", asSent, asText],
  loop: ["loop", ifOne, () => "1"],
  speed: ["speed", decimalNumber, asText],
  big: ["presenter", ifOne, () => "1"],
  focus: ["focus", countedFromOne, fromOne],
  tint: ["tint", asSent, asText],
};

// The whole view that an address asks for. A word without sense is passed over; `unit=37` of old links is a pin.
export function viewOf(search) {
  const parameters = new URLSearchParams(search);
  const view = { ...DEFAULT_VIEW };
  for (const [word, [name, read]] of Object.entries(VIEW_WORDS)) {
    const sent = parameters.get(word) ?? (word === "units" ? parameters.get("unit") : null);
    if (sent === null) continue;
    const value = VIEW_CHECKS[name](read(sent));
    if (value !== undefined) view[name] = value;
  }
  return view;
}

// The address with `view` in it (a View; its step may be null for the last). Words of others stay as they are, and an
// address that already says all this comes back unchanged, whatever the order of its words.
export function viewSearch(search, view) {
  const before = new URLSearchParams(search);
  const words = [...before].filter(([word]) => word !== "v" && word !== "unit" && !Object.hasOwn(VIEW_WORDS, word));
  for (const [word, [name, , write]] of Object.entries(VIEW_WORDS)) {
    if (!sameValue(view[name], DEFAULT_VIEW[name])) words.push([word, write(view[name])]);
  }
  const after = new URLSearchParams(words.length > 0 ? [["v", ADDRESS_VERSION], ...words] : []);
  if (sortedWords(after) === sortedWords(before)) return search;
  const text = after.toString();
  return text ? `?${text}` : "";
}

function sortedWords(parameters) {
  return [...parameters].map(String).sort().join("&");
}

export function sameValue(one, other) {
  return JSON.stringify(one) === JSON.stringify(other);
}
