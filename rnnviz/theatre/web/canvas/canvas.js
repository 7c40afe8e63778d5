// A small drawing board: mouse, touch or pen, three pen widths, undo, clear. Python gets a grey picture after each stroke.

import { extendStroke, greyImage, paintStrokes, PENS, startStroke } from "./strokes.js";
import { turnsOf } from "../shared/turns.js";
import { unpack } from "../shared/unpack.js";

const BOARDS = new WeakMap();
const SEND_AFTER = 90;

class Board {
  constructor(parent, data) {
    this.turns = turnsOf(data.name);
    // A page that is laid out anew makes a new board, which goes on with what was drawn on the old one.
    this.strokes = this.turns.kept?.() ?? data.strokes ?? [];
    this.turns.kept = () => this.strokes;
    this.pen = "normal";
    this.build(parent);
    this.observer = new ResizeObserver(() => this.paint());
    this.observer.observe(this.canvas);
  }

  build(parent) {
    this.root = document.createElement("section");
    this.root.className = "board";
    this.canvas = document.createElement("canvas");
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute("role", "img");
    this.hint = document.createElement("p");
    this.hint.className = "hint";
    this.hint.textContent = "Draw a digit here";
    const frame = document.createElement("div");
    frame.className = "frame";
    frame.append(this.canvas, this.hint);
    const tools = document.createElement("div");
    tools.className = "tools";
    this.pens = Object.keys(PENS).map((pen) => {
      const button = this.button("", () => this.choosePen(pen), `${pen} pen`);
      button.dataset.pen = pen;
      return button;
    });
    const pens = document.createElement("div");
    pens.className = "pens";
    pens.setAttribute("role", "group");
    pens.setAttribute("aria-label", "Pen width");
    pens.append(...this.pens);
    this.undoButton = this.button("Undo", () => this.undo(), "Take back the last stroke (Z)");
    this.clearButton = this.button("Clear", () => this.clear(), "Clear the drawing (Esc)");
    tools.append(pens, this.undoButton, this.clearButton);
    const layout = document.createElement("div");
    layout.className = "layout";
    layout.append(frame, tools);
    this.root.append(layout);
    parent.append(this.root);
    this.listen();
    this.choosePen(this.pen);
  }

  button(label, act, title) {
    const node = document.createElement("button");
    node.type = "button";
    node.textContent = label;
    node.title = title;
    if (!label) node.setAttribute("aria-label", title);
    node.onclick = act;
    return node;
  }

  listen() {
    this.canvas.onpointerdown = (event) => {
      if (event.button !== 0) return;
      this.canvas.setPointerCapture(event.pointerId);
      this.drawing = event.pointerId;
      clearTimeout(this.timer);
      this.turns.act();
      this.strokes = startStroke(this.strokes, this.pen, this.place(event));
      this.paint();
    };
    this.canvas.onpointermove = (event) => {
      if (this.drawing !== event.pointerId) return;
      const events = event.getCoalescedEvents?.() ?? [];
      for (const one of events.length > 0 ? events : [event]) {
        this.strokes = extendStroke(this.strokes, this.place(one));
      }
      this.paint();
    };
    const lift = (event) => {
      if (this.drawing !== event.pointerId) return;
      this.drawing = null;
      this.send();
    };
    this.canvas.onpointerup = lift;
    this.canvas.onpointercancel = lift;
    this.root.onkeydown = (event) => {
      if (event.key === "Escape") this.clear();
      else if (event.key.toLowerCase() === "z") this.undo();
      else return;
      event.preventDefault();
    };
  }

  place(event) {
    const box = this.canvas.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  }

  choosePen(pen) {
    this.pen = pen;
    this.pens.forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.pen === pen)));
  }

  undo() {
    if (this.strokes.length === 0) return;
    this.turns.act();
    this.strokes = this.strokes.slice(0, -1);
    this.paint();
    this.send();
  }

  clear() {
    if (this.strokes.length === 0) return;
    this.turns.act();
    this.strokes = [];
    this.paint();
    this.send();
  }

  paint() {
    const side = this.canvas.clientWidth;
    if (!side) return;
    const pixels = Math.round(side * Math.max(1, window.devicePixelRatio || 1));
    if (this.canvas.width !== pixels) {
      this.canvas.width = pixels;
      this.canvas.height = pixels;
    }
    const ink = getComputedStyle(this.root).color;
    paintStrokes(this.canvas.getContext("2d"), this.strokes, pixels, ink);
    const empty = this.strokes.length === 0;
    this.hint.hidden = !empty;
    this.undoButton.disabled = empty;
    this.clearButton.disabled = empty;
    const count = `${this.strokes.length} stroke${this.strokes.length === 1 ? "" : "s"}`;
    this.canvas.setAttribute("aria-label", empty ? "Drawing board, empty. Draw a digit." : `Drawing board, ${count}`);
  }

  send() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      const { strokes } = this;
      this.tell("drawing", { image: greyImage(document, strokes), strokes, ...this.turns.stamp() });
    }, SEND_AFTER);
  }

  // Python may have another drawing to show: one that somebody went back to. What was drawn since stays.
  update(data, tell) {
    this.tell = tell;
    this.root.dataset.size = data.small ? "small" : "full";
    this.root.dataset.turn = String(data.heard);
    const met = this.turns.meet(data);
    if (met === "take") this.strokes = data.strokes ?? [];
    else if (!this.drawing && (met === "keep" || (!this.told && this.turns.isUntold))) this.send();
    this.told = true;
    this.paint();
  }

  destroy() {
    clearTimeout(this.timer);
    this.observer.disconnect();
    this.root.remove();
  }
}

export default function mountBoard({ data, parentElement, setStateValue }) {
  const given = unpack(data);
  let board = BOARDS.get(parentElement);
  if (!board) {
    board = new Board(parentElement, given);
    BOARDS.set(parentElement, board);
  }
  board.update(given, setStateValue);
  return () => {
    board.destroy();
    BOARDS.delete(parentElement);
  };
}
