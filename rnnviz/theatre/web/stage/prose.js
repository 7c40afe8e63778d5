// The text as prose, one paragraph a reading, every token in the colour of what a person has chosen to see. Pointing at
// a token previews it everywhere, a click pins it; whatever is pointed at elsewhere is framed here and brought in sight.

import { element, setText } from "../shared/dom.js";
import { ProseText } from "../shared/prosetext.js";
import { proseTip, textNotes, tintSentence } from "../shared/prosewords.js";
import { tokenColours } from "../shared/swatches.js";
import { offeredTints, resolveTint, shownTint } from "../shared/tints.js";
import { fillTintScale } from "../shared/tintscale.js";

export class Prose {
  constructor(node, dispatch) {
    Object.assign(this, { node, dispatch, texts: [], tints: [], painted: [], key: null });
    this.select = element("select", { class: "tint" });
    this.select.onchange = () => dispatch({ type: "tint", tint: this.select.value });
    const choice = element("label", { class: "field" }, element("span", {}, "Colour by"), this.select);
    this.scale = element("div", { class: "tint-scale", "aria-hidden": "true" });
    this.said = element("p", { class: "tint-said" });
    this.head = element("div", { class: "prose-head" }, choice, this.scale, this.said);
    this.columns = element("div", { class: "prose-columns" });
    this.tip = element("div", { class: "word-tip", "aria-hidden": "true", hidden: true });
    this.notes = element("p", { class: "prose-notes" });
    node.replaceChildren(this.head, this.columns, this.notes, this.tip);
  }

  // New readings: new paragraphs. Only readings of tokens have any.
  introduce(readings, options) {
    this.isText = readings.some(({ tokens }) => tokens);
    this.isShown = this.isText && (!options.panels || options.panels.includes("input"));
    Object.assign(this, { key: null, readings, painted: [], cursor: undefined });
    this.head.hidden = options.size === "small";
    const scrolled = this.texts.map(({ box }) => box.scrollTop);
    this.texts = this.isShown ? readings.map((reading, index) => this.buildColumn(reading, index, readings.length)) : [];
    this.columns.replaceChildren(...this.texts.map(({ column }) => column));
    // Whoever types on in a long text goes on looking at the same place of it.
    this.texts.forEach(({ box }, i) => {
      if (scrolled[i] > 0) box.scrollTop = scrolled[i];
    });
    setText(this.notes, this.isShown ? textNotes(readings[0]) : "");
    this.fillSelect();
  }

  adoptTints(tints) {
    this.tints = tints;
    this.key = null;
    if (this.readings) this.fillSelect();
  }

  fillSelect() {
    if (!this.isShown) return;
    const groups = offeredTints(this.readings, this.tints);
    const key = JSON.stringify(groups);
    if (key === this.filled) return;
    this.filled = key;
    const option = ([name, label, meaning]) => element("option", { value: name, title: meaning }, label);
    this.select.replaceChildren(
      ...groups.map(({ label, entries }) => element("optgroup", { label }, ...entries.map(option))),
    );
  }

  buildColumn(reading, index, count) {
    const box = element("div", { class: "prose-text", tabIndex: 0, role: "group" });
    const text = new ProseText(box, { ...reading, tokens: reading.pieces ?? reading.tokens ?? [] });
    const way = reading.name === reading.title ? "" : reading.name;
    const who = element("p", { class: "prose-who" }, element("strong", {}, reading.title), way ? ` ${way}` : "");
    const absent = element("p", { class: "prose-absent", hidden: true });
    who.hidden = count < 2;
    const column = element("div", { class: "prose-column" }, who, box, absent);
    this.listen(box, text, index);
    return { column, box, text, absent };
  }

  listen(box, text, index) {
    const point = (event) => {
      const step = event.pointerType === "touch" ? null : text.stepOf(event);
      if (step === null) return;
      this.showTip(event, index, step);
      this.dispatch({ type: "hover", step, unit: null, panel: "prose", reading: index });
    };
    box.onpointermove = point;
    box.onpointerover = point;
    box.onpointerleave = () => {
      this.tip.hidden = true;
      this.dispatch({ type: "leave" });
    };
    text.onClick((step, event) => {
      this.dispatch({ type: "pin", step });
      if (event.pointerType === "touch") this.showTip(event, index, step);
    });
  }

  // Which way the paragraphs stand; called whenever the layout is measured.
  arrange(scene, beside) {
    this.node.hidden = !this.isShown || scene.state.hidden.includes("input");
    this.node.style.setProperty("--prose-columns", beside ? String(this.texts.length) : "1");
  }

  refresh(scene) {
    if (this.node.hidden) return;
    const { state, readings, looked } = scene;
    this.recolour(scene);
    const step = looked.step;
    const isPreview = state.hover !== null && state.hover.step !== null;
    const isElsewhere = state.hover?.panel !== "prose";
    this.texts.forEach(({ text }) => {
      text.mark("at", [state.step]);
      text.mark("previewed", isPreview ? [step] : []);
      text.mark("pinned", state.steps);
      text.markRange("in-span", state.span);
      text.readUntil(state.playing ? state.step : null);
    });
    this.reveal(isPreview && isElsewhere ? step : null, state.step, readings[0].steps - 1);
    if (state.hover === null || isElsewhere) this.tip.hidden = true;
  }

  // What is pointed at elsewhere is brought in sight, and the cursor when it moves: not when the pointer leaves, and not at
  // first, for a text begins at its beginning although the cursor waits at its end.
  reveal(pointed, cursor, last) {
    const isMoved = this.cursor === undefined ? cursor !== last : cursor !== this.cursor;
    this.cursor = cursor;
    const wanted = pointed ?? (isMoved ? cursor : null);
    if (wanted !== null) for (const { text } of this.texts) text.reveal(wanted);
  }

  // The colours of one reading's tokens, or null where they have none: { swatches, codes }.
  coloursOf(index) {
    const text = this.node.hidden ? null : this.texts[index]?.text;
    return text?.swatches ? text : null;
  }

  recolour({ state, readings, looked, speaking, theme, colours }) {
    const name = shownTint(readings, this.tints, state.tint);
    const unit = name.startsWith("unit:") ? looked.unit : "";
    const key = [name, unit, name.includes(":") ? [state.layer, speaking] : "", theme, colours.page, colours.text].join("|");
    if (key === this.key) return;
    this.key = key;
    this.name = name;
    if (this.select.value !== name) this.select.value = name;
    const place = { layer: state.layer, direction: speaking, unit: looked.unit, readings };
    this.painted = this.texts.map((entry, i) => this.paintColumn(entry, readings[i], this.tints[i] ?? [], place, theme, colours));
    const shown = this.painted.find(({ tint }) => tint)?.tint ?? null;
    fillTintScale(this.scale, shown, theme);
    setText(this.said, tintSentence(shown, readings[0].tints.none));
  }

  paintColumn({ text, absent }, reading, own, place, theme, colours) {
    const found = resolveTint(reading, own, this.name, place);
    setText(absent, found.absent ?? "");
    absent.hidden = found.absent === null;
    if (found.tint) text.colour(tokenColours(found.tint, theme, colours));
    else text.colourless();
    text.describe(`The text${this.texts.length > 1 ? ` as ${reading.title} reads it` : ""}, coloured by: ${found.tint?.label ?? "nothing"}`);
    return found;
  }

  showTip(event, index, step) {
    const { tint } = this.painted[index] ?? { tint: null };
    setText(this.tip, proseTip(this.readings[index], tint, step));
    this.tip.hidden = false;
    const box = this.node.getBoundingClientRect();
    const x = Math.min(Math.max(event.clientX - box.left + 12, 0), box.width - this.tip.offsetWidth);
    this.tip.style.transform = `translate(${x}px, ${event.clientY - box.top + 20}px)`;
  }
}
