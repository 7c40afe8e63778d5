// A text as a paragraph whose every token is an element of its own: built once, coloured and marked afterwards. The text
// becomes nodes with textContent and nothing else, and joins to what was typed.

import { textParts, withoutMargins } from "./characters.js";
import { element, setAttribute } from "./dom.js";
import { NO_SWATCH } from "./swatches.js";
import { grouped, howMany } from "./words.js";

const MARGIN = 6;
const MARKS_WORDS = 5;
// So many tokens are coloured at once, of a longer text those in sight first.
const FEW = 800;
const SLICE = 400;

export class ProseText {
  // `box` scrolls by itself; `text` is { tokens, unknown, left_out, replaced, pads }, all but the tokens optional.
  constructor(box, text) {
    Object.assign(this, { box, tokens: text.tokens, marked: new Map(), codes: null, swatches: null, until: Infinity });
    this.unknown = new Set(text.unknown ?? []);
    this.firstPad = text.tokens.length - (text.pads ?? 0);
    this.nodes = [];
    this.shown = new Array(text.tokens.length).fill(null);
    this.steps = new Map();
    this.build(text);
  }

  build({ tokens, left_out: leftOut, replaced }) {
    const parts = document.createDocumentFragment();
    const gap = leftOut ? leftOut.after : -1;
    tokens.forEach((piece, step) => {
      if (step === gap) parts.append(leftOutNode(leftOut));
      const was = replaced?.[step];
      if (was !== undefined) parts.append(replacedNode(was));
      this.appendToken(parts, piece, step);
    });
    if (gap === tokens.length) parts.append(leftOutNode(leftOut));
    this.box.replaceChildren(parts);
  }

  appendToken(parts, piece, step) {
    const isPad = step >= this.firstPad;
    const { before, word, after } = withoutMargins(piece);
    const node = document.createElement("span");
    node.className = "token";
    if (isPad) node.classList.add("pad");
    if (this.unknown.has(step)) node.classList.add("unknown");
    if (isPad && !word) node.textContent = "pad";
    else if (word === "") node.classList.add("empty");
    else appendText(node, word);
    // Parts of one word touch each other; only a hairline parts them.
    const previous = this.nodes[step - 1];
    if (previous && before === "" && this.isOpen) {
      previous.classList.add("open");
      node.classList.add("glued");
    }
    this.isOpen = after === "" && !isPad;
    this.nodes.push(node);
    this.steps.set(node, step);
    if (before) parts.append(document.createTextNode(lineEnds(before)));
    parts.append(node);
    if (after) parts.append(document.createTextNode(lineEnds(after)));
    else if (isPad) parts.append(document.createTextNode(" "));
  }

  // Every token gets the colour of its code: those in sight at once, those far away a little later.
  colour({ swatches, codes }) {
    Object.assign(this, { swatches, codes });
    this.paint();
  }

  colourless() {
    this.colour({ swatches: null, codes: null });
  }

  // While a text is being replayed, what lies beyond `last` has no colour yet; null ends that.
  readUntil(last) {
    const until = last ?? Infinity;
    const before = this.until;
    if (until === before) return;
    this.until = until;
    const [from, to] = [Math.min(before, until) + 1, Math.min(Math.max(before, until), this.nodes.length - 1)];
    if (to - from < SLICE) this.paintRange(from, to + 1);
    else this.paint();
  }

  paint() {
    clearTimeout(this.painting);
    const [first, last] = this.near();
    this.paintRange(first, last);
    let from = 0;
    const goOn = () => {
      this.paintRange(from, from + SLICE);
      from += SLICE;
      if (from < this.nodes.length) this.painting = setTimeout(goOn);
    };
    if (last - first < this.nodes.length) this.painting = setTimeout(goOn);
  }

  // Only what differs from before is touched: every change of a style costs the browser ten microseconds.
  paintRange(first, last) {
    const { nodes, shown, swatches, codes, until } = this;
    for (let step = first; step < Math.min(last, nodes.length); step += 1) {
      const code = swatches === null || step > until ? NO_SWATCH : codes[step];
      const swatch = code === NO_SWATCH ? null : swatches[code];
      if (shown[step] === swatch) continue;
      shown[step] = swatch;
      nodes[step].style.backgroundColor = swatch?.background ?? "";
      nodes[step].style.color = swatch?.ink ?? "";
    }
  }

  // The tokens in sight and a box's height around them; all of a short text.
  near() {
    const { nodes, box } = this;
    if (nodes.length <= FEW) return [0, nodes.length];
    if (!this.isLaidOut) {
      this.isLaidOut = true;
      return [0, FEW];
    }
    const tall = box.clientHeight;
    return [this.firstBelow(box.scrollTop - tall), this.firstBelow(box.scrollTop + 2 * tall)];
  }

  // The first token that begins below a height of the text: lines follow each other, so halving finds it.
  firstBelow(height) {
    let [low, high] = [0, this.nodes.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.nodes[middle].offsetTop < height) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  // The tokens of `steps` get the class `name`, all others lose it.
  mark(name, steps) {
    const before = this.marked.get(name) ?? [];
    if (before.length === steps.length && before.every((step, i) => step === steps[i])) return;
    for (const step of before) if (!steps.includes(step)) this.nodes[step]?.classList.remove(name);
    for (const step of steps) this.nodes[step]?.classList.add(name);
    this.marked.set(name, [...steps]);
  }

  // The first and the last token of a range, however long it is.
  markRange(name, range) {
    const [first, last] = range ?? [0, -1];
    const [from, to] = this.ranges?.[name] ?? [0, -1];
    if (first === from && last === to) return;
    for (let step = from; step <= to; step += 1) if (step < first || step > last) this.nodes[step]?.classList.remove(name);
    for (let step = first; step <= last; step += 1) this.nodes[step]?.classList.add(name);
    this.ranges = { ...this.ranges, [name]: [first, last] };
  }

  // Which token an event is about, or null beside them.
  stepOf(event) {
    const node = event.target.closest?.(".token");
    return (node && this.steps.get(node)) ?? null;
  }

  // `act(step, event)` for a click on a token; whoever marks words to copy them clicks on none.
  onClick(act) {
    let down = null;
    this.box.onpointerdown = (event) => {
      down = [event.clientX, event.clientY];
    };
    this.box.onclick = (event) => {
      const step = this.stepOf(event);
      const isMarking = down !== null && Math.hypot(event.clientX - down[0], event.clientY - down[1]) > MARKS_WORDS;
      if (step !== null && !isMarking) act(step, event);
    };
  }

  // Scrolls the box alone, never the page, and only when the token is out of sight in it.
  reveal(step) {
    const { box } = this;
    const node = this.nodes[step];
    if (!node || box.scrollHeight <= box.clientHeight) return;
    const top = node.offsetTop;
    const bottom = top + node.offsetHeight;
    const isSeen = top >= box.scrollTop + MARGIN && bottom <= box.scrollTop + box.clientHeight - MARGIN;
    if (!isSeen) box.scrollTop = top - box.clientHeight / 3;
  }

  describe(label) {
    setAttribute(this.box, "aria-label", label);
  }
}

function appendText(node, text) {
  const parts = textParts(text);
  if (parts.length === 1 && parts[0].name === null) {
    node.textContent = lineEnds(text);
    return;
  }
  for (const { text: part, name } of parts) {
    if (name === null) node.append(document.createTextNode(lineEnds(part)));
    else {
      const sign = element("span", { class: "sign", title: name }, part);
      sign.dataset.sign = name.split(",")[0];
      node.append(sign);
    }
  }
}

// One line end is one line end, however the machine it was typed on writes it.
function lineEnds(text) {
  return text.replace(/\r\n/g, "\n");
}

function leftOutNode({ tokens, characters }) {
  const title = `${howMany(characters, "character")} between these tokens were not read: a long text is read from both ends.`;
  return element("span", { class: "left-out", title }, `${grouped(tokens)} ${tokens === 1 ? "token" : "tokens"} not read`);
}

function replacedNode(text) {
  const word = text.trim();
  if (!word) return element("span", { class: "inserted", title: "Nothing stood here before.", "aria-hidden": "true" });
  const node = element("del", { class: "replaced", title: "What stood here before." });
  appendText(node, word);
  return node;
}
