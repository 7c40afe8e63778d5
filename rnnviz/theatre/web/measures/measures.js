// The same text side by side, once for each measure and coloured by it: a component of Streamlit. Pointing at a token, or
// walking with the arrow keys, frames it everywhere and says its numbers; a click tells Python which one it was.

import { element, setAttribute, setText } from "../shared/dom.js";
import { ProseText } from "../shared/prosetext.js";
import { tintValue } from "../shared/prosewords.js";
import { quoted } from "../shared/speech.js";
import { tokenColours } from "../shared/swatches.js";
import { readTheme } from "../shared/theme.js";
import { decodeTints } from "../shared/tints.js";
import { fillTintScale } from "../shared/tintscale.js";
import { unpack } from "../shared/unpack.js";
import { capitalised, grouped } from "../shared/words.js";

const MEASURES = new WeakMap();
const SPEAK_AFTER = 500;
const STEPS_BY_KEY = { ArrowRight: 1, ArrowLeft: -1, PageDown: 5, PageUp: -5 };

class Measures {
  constructor(parent) {
    Object.assign(this, { picked: null, pointed: null, walked: null, columns: [] });
    this.title = element("h3", { class: "measures-title" });
    this.where = element("p", { class: "measures-where" });
    this.grid = element("div", { class: "measures-grid" });
    this.live = element("p", { class: "live", role: "status", "aria-live": "polite" });
    const head = element("div", { class: "measures-head" }, this.title, this.where);
    this.root = element("section", { class: "measures" }, head, this.grid, this.live);
    this.root.onkeydown = (event) => this.press(event);
    parent.append(this.root);
  }

  update(data, tell) {
    this.tell = tell;
    if (data.digest !== this.digest) this.build(data);
    const title = data.title ?? "";
    setText(this.title, title);
    this.title.hidden = title === "";
    setAttribute(this.root, "aria-label", title || "Measures of the same text");
    this.paint();
  }

  build({ digest, tokens, columns, left_out: leftOut }) {
    Object.assign(this, { digest, tokens, picked: null, pointed: null, walked: null, themeKey: null });
    const [tints] = decodeTints([columns]);
    this.columns = tints.map((tint) => this.buildColumn(tint, { tokens, left_out: leftOut }));
    this.grid.replaceChildren(...this.columns.map(({ node }) => node));
    setAttribute(this.grid, "data-count", String(tints.length));
    this.refresh();
  }

  buildColumn(tint, text) {
    const box = element("div", { class: "prose-text", tabIndex: 0, role: "group" });
    const value = element("span", { class: "measure-value" });
    const scale = element("div", { class: "tint-scale", "aria-hidden": "true" });
    const prose = new ProseText(box, text);
    prose.describe(`The text coloured by: ${tint.label}. Left and right choose a token, enter picks it.`);
    box.onpointerover = (event) => {
      if (event.pointerType !== "touch") this.point(prose.stepOf(event), prose);
    };
    box.onpointerleave = () => this.point(null, prose);
    prose.onClick((step) => this.pick(step));
    const name = element("h3", { class: "measure-name" }, tint.label);
    const head = element("div", { class: "measure-head" }, name, value);
    const meaning = element("p", { class: "measure-meaning" }, capitalised(tint.meaning));
    const note = element("p", { class: "measure-note", hidden: !tint.note }, tint.note);
    const node = element("div", { class: "measure" }, head, meaning, scale, box, note);
    return { tint, prose, value, scale, node };
  }

  paint() {
    const { key, theme, colours } = readTheme(this.root);
    if (key === this.themeKey) return;
    this.themeKey = key;
    this.root.dataset.theme = theme;
    for (const { tint, prose, scale } of this.columns) {
      prose.colour(tokenColours(tint, theme, colours));
      fillTintScale(scale, tint, theme);
    }
  }

  // The token that the numbers speak about: what is pointed at, else what was walked to or picked.
  get step() {
    return this.pointed ?? this.walked ?? this.picked;
  }

  point(step, source) {
    if (step === this.pointed) return;
    this.pointed = step;
    this.refresh(source);
  }

  pick(step) {
    if (step === null) return;
    this.picked = step;
    this.walked = null;
    this.refresh();
    this.tell("picked", step);
  }

  press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const last = this.tokens.length - 1;
    const at = this.walked ?? this.picked ?? (STEPS_BY_KEY[event.key] > 0 ? -1 : last + 1);
    const to = { Home: 0, End: last }[event.key] ?? at + (STEPS_BY_KEY[event.key] ?? NaN);
    if (event.key === "Enter") this.pick(this.step);
    else if (event.key === "Escape") this.walked = null;
    else if (Number.isFinite(to)) this.walked = Math.min(Math.max(to, 0), last);
    else return;
    event.preventDefault();
    this.pointed = null;
    this.refresh();
    clearTimeout(this.speaking);
    this.speaking = setTimeout(() => setText(this.live, this.sentence()), SPEAK_AFTER);
  }

  refresh(source = null) {
    const { step } = this;
    const framed = this.walked ?? this.picked;
    for (const { tint, prose, value } of this.columns) {
      prose.mark("at", framed === null ? [] : [framed]);
      prose.mark("previewed", this.pointed === null ? [] : [this.pointed]);
      setText(value, step === null ? "" : tintValue(tint, step));
      if (step !== null && prose !== source) prose.reveal(step);
    }
    const hint = "Point at a word: its numbers in every measure stand beside their names.";
    setText(this.where, step === null ? hint : this.whereWords(step));
    this.root.dataset.step = String(step ?? "");
    this.root.dataset.picked = String(this.picked ?? "");
  }

  whereWords(step) {
    return `Token ${grouped(step + 1)} of ${grouped(this.tokens.length)}: ${quoted(this.tokens[step])}`;
  }

  sentence() {
    if (this.step === null) return "";
    const values = this.columns.map(({ tint }) => `${tint.label} ${tintValue(tint, this.step)}`);
    return `${[this.whereWords(this.step), ...values].join(". ")}.`;
  }

  destroy() {
    clearTimeout(this.speaking);
    this.root.remove();
  }
}

export default function mountMeasures({ data, parentElement, setStateValue }) {
  let measures = MEASURES.get(parentElement);
  if (!measures) {
    measures = new Measures(parentElement);
    MEASURES.set(parentElement, measures);
  }
  measures.update(unpack(data), setStateValue);
  return () => {
    measures.destroy();
    MEASURES.delete(parentElement);
  };
}
