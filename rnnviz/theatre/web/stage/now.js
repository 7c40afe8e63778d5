// What stands beside or above the stage: the image so far, the answer so far, and one unit in numbers and words.

import { drawUpright, imagePixels } from "../shared/charts.js";
import { answerLine } from "./compare.js";
import { buildButton, buildClassRows, buildUnitRow, element, setAttribute, setText } from "../shared/dom.js";
import { answeredStep, leadingClass, valueAt } from "../shared/decode.js";
import { pixelCanvas, sharpContext } from "../shared/heatmap.js";
import { quoted, valueWords } from "../shared/speech.js";
import { capitalised, grouped, percentage, whereWords } from "../shared/words.js";

const MOST_FLIPS = 12;

export class NowColumn {
  constructor(nodes, dispatch) {
    this.nodes = nodes;
    this.dispatch = dispatch;
  }

  // After every change of reading, focus, size, theme or layer.
  paint(scene) {
    const { nodes } = this;
    const { readings, focused, theme, colours, ratio } = scene;
    this.paintChoice(readings, focused);
    if (this.reading !== focused) this.introduce(focused);
    this.unitRows = focused.signals.map((signal) => buildUnitRow(signal, theme));
    nodes.unitRows.replaceChildren(...this.unitRows.map((row) => row.node));
    Object.assign(this, { colours, ratio, uprightSize: null, source: null });
    this.source = this.uprightSource(focused, colours);
    this.paintGhost(focused.ghost, colours);
  }

  introduce(reading) {
    const { nodes } = this;
    this.reading = reading;
    this.classRows = buildClassRows(reading.classes);
    nodes.classes.replaceChildren(...this.classRows.map((row) => row.node));
    nodes.classes.hidden = reading.classes.length === 0 || reading.classes.length > 16;
    nodes.answer.hidden = !reading.probabilities;
    nodes.upright.hidden = !reading.image;
    const every = reading.marks.filter(({ kind }) => kind === "flip");
    const flips = every.slice(0, MOST_FLIPS);
    const others = reading.marks.filter(({ kind }) => kind !== "flip");
    nodes.marks.replaceChildren(...others.map((mark) => this.buildMark(mark, reading)));
    if (flips.length > 0) nodes.marks.append(element("li", { class: "marks-label" }, `Flips, by ${reading.step_word}`));
    nodes.marks.append(...flips.map((mark) => this.buildMark(mark, reading)));
    const more = every.length - flips.length;
    if (more > 0) nodes.marks.append(element("li", { class: "marks-label" }, `and ${grouped(more)} more`));
    nodes.marks.hidden = reading.marks.length === 0;
    const decision = reading.marks.find(({ kind }) => kind === "decision");
    setText(nodes.verdict, decision?.words ?? "");
    nodes.verdict.hidden = !decision?.words;
  }

  buildMark(mark, reading) {
    const go = () => this.dispatch({ type: "seek", step: mark.step });
    const title = `${mark.words} Go there.`.trim();
    const isFlip = mark.kind === "flip";
    const text = isFlip ? `${mark.step + 1}: ${mark.label}` : `${capitalised(mark.label)} ${mark.step + 1}`;
    const button = buildButton(text, title, go, "mark");
    setAttribute(button, "data-kind", mark.kind);
    return element("li", {}, button);
  }

  // With several readings, a button for each: the one pressed is what the numbers speak about.
  paintChoice(readings, focused) {
    const { nodes } = this;
    nodes.answers.hidden = readings.length < 2;
    const key = readings.map(({ title }) => title).join("|");
    if (key !== this.choiceKey) {
      this.choiceKey = key;
      const choose = (reading) => () => this.dispatch({ type: "focus", reading });
      this.choices = readings.map(({ title }, i) =>
        buildButton(title, `Numbers of ${title} (${i + 1})`, choose(i), "choice"),
      );
      nodes.answers.replaceChildren(...this.choices);
    }
    this.choices.forEach((button, i) => setAttribute(button, "aria-pressed", String(readings[i] === focused)));
  }

  uprightSource(reading, colours) {
    if (!reading.image) return null;
    const { pixels, width, height } = imagePixels(reading.image, colours.paper, colours.inkRgb, { rotated: false });
    return pixelCanvas(document, pixels, width, height);
  }

  paintGhost(ghost, colours) {
    const { nodes } = this;
    nodes.ghost.hidden = !ghost;
    if (!ghost) return;
    nodes.ghostPicture.hidden = !ghost.image;
    if (!ghost.image) return;
    const source = this.uprightSource(ghost, colours);
    const context = sharpContext(nodes.ghostPicture, 44, 44, this.ratio);
    context.imageSmoothingEnabled = false;
    context.drawImage(source, 0, 0, 44, 44);
    setAttribute(nodes.ghostPicture, "aria-label", `The image of the ghost: ${ghost.name}`);
  }

  // A column taller than the window sticks by its lower end, so that all of it can be read.
  stick(top) {
    const spare = window.innerHeight - this.nodes.aside.offsetHeight - 16;
    this.nodes.aside.style.top = `${Math.min(top, spare)}px`;
  }

  refresh({ state, readings, focused, looked, speaking }) {
    const { nodes } = this;
    if (focused !== this.reading) return;
    const { step } = looked;
    setText(nodes.where, focused.tokens ? `${whereWords(focused, step)}\n${quoted(focused.tokens[step])}` : whereWords(focused, step));
    if (focused.probabilities) this.refreshAnswer(focused, step);
    if (focused.ghost) setText(nodes.ghostAnswer, ghostLine(focused.ghost, step));
    this.refreshUnit(focused, state, looked, speaking, readings.length > 1);
    if (this.source) this.refreshUpright(focused, step);
  }

  refreshAnswer(reading, step) {
    const leader = leadingClass(reading.probabilities, step);
    setText(this.nodes.answer, capitalised(answerLine(reading, step)));
    this.classRows.forEach((row, k) => {
      const share = valueAt(reading.probabilities, step, k);
      row.fill.style.transform = `scaleX(${share})`;
      setText(row.share, percentage(share));
      row.node.classList.toggle("leads", k === leader);
    });
  }

  refreshUnit(reading, state, { step, unit }, direction, several) {
    const who = several ? `${reading.title}, ` : "";
    const way = state.shape.twoWay ? `, ${direction}` : "";
    const name = `${who}unit ${unit} of layer ${state.layer + 1}${way}`;
    const pinned = state.units.includes(unit) ? ", pinned" : "";
    setText(this.nodes.unitName, capitalised(name) + pinned);
    const place = { layer: state.layer, direction, values: state.values, step, unit };
    this.unitRows.forEach((row, i) => {
      const shown = valueWords(reading, reading.signals[i], place);
      setText(row.value, shown?.text ?? "");
      setText(row.words, shown?.words ?? "");
    });
  }

  refreshUpright(reading, step) {
    const { nodes } = this;
    const size = nodes.upright.clientWidth;
    if (size !== this.uprightSize) {
      this.uprightSize = size;
      if (size) this.context = sharpContext(nodes.upright, size, size, this.ratio);
      nodes.upright.removeAttribute("style");
    }
    if (size) drawUpright(this.context, this.source, size, step, this.colours);
    setAttribute(nodes.upright, "aria-label", `The image, uncovered down to ${reading.step_word} ${step + 1}`);
  }
}

function ghostLine(ghost, step) {
  const at = Math.min(step, ghost.steps - 1);
  const said = ghost.probabilities && answeredStep(ghost, at) !== null ? `: ${answerLine(ghost, at)}` : "";
  return `Ghost, ${ghost.name}${said}`;
}
