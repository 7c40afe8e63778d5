// The theatre: one reading, many panels, one cursor in time. Everything happens here in the browser;
// Python hears only of what was committed (a pinned step, a pinned unit, the layer).

import { drawTicks } from "./charts.js";
import { busiestUnit, decodeReading } from "./decode.js";
import { buildChoice, buildPanel, buildSkeleton, setText } from "./dom.js";
import { columnLeft, stepAt, ticks, timeAxis, unitAt } from "./geometry.js";
import { sharpContext } from "./heatmap.js";
import { fillLegend } from "./legend.js";
import { NowColumn } from "./now.js";
import { listPanels, paintPanel, panelValue } from "./panels.js";
import { announcement, leaderSentence, tipText } from "./speech.js";
import { viewSearch } from "./address.js";
import { adoptReadings, commitMessage, committed, initialState, keyAction, lookedAt, reduce } from "./state.js";
import { shapeOf, viewOfState } from "./state.js";
import { readTheme } from "./theme.js";
import { unpack } from "./unpack.js";

const THEATRES = new WeakMap();
const STEPS_PER_SECOND = 7;
const COMMIT_AFTER = 250;
const ANNOUNCE_AFTER = 500;

class Theatre {
  constructor(parent) {
    this.nodes = buildSkeleton();
    this.now = new NowColumn(this.nodes);
    parent.append(this.nodes.root);
    this.state = null;
    this.digest = null;
    this.panels = [];
    this.timers = {};
    this.listen();
    this.observer = new ResizeObserver(() => this.layOut());
    this.observer.observe(this.nodes.stage);
  }

  // Called by Streamlit on the first mount and on every later change of data or theme.
  update(data, tell) {
    this.tell = tell;
    this.options = data.options ?? {};
    const isNew = data.digest !== this.digest;
    if (isNew) {
      this.reading = decodeReading(data.readings[0]);
      const shape = shapeOf([this.reading]);
      this.state = this.state ? adoptReadings(this.state, shape) : initialState(shape, data.view ?? {});
      this.digest = data.digest;
      this.introduce();
    }
    const theme = this.resolveTheme();
    if (isNew || theme) this.layOut(true);
    if (isNew && this.options.autoplay && !this.hasPlayed && !this.prefersStillness()) {
      this.hasPlayed = true;
      this.dispatch({ type: "play" });
    }
    this.later("address", 60, () => this.writeAddress());
  }

  destroy() {
    this.observer.disconnect();
    Object.values(this.timers).forEach(clearTimeout);
    document.removeEventListener("keydown", this.onDocumentKey);
    this.nodes.root.remove();
  }

  prefersStillness() {
    return window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  }

  // True when the colours differ from before.
  resolveTheme() {
    const { key, theme, font, colours, onAccent } = readTheme(this.nodes.root);
    if (key === this.themeKey) return false;
    Object.assign(this, { themeKey: key, theme, font, colours });
    this.nodes.root.dataset.theme = theme;
    this.nodes.root.style.setProperty("--on-accent", onAccent);
    return true;
  }

  // What changes only with the reading: titles, choices, class rows.
  introduce() {
    const { nodes, reading } = this;
    nodes.root.dataset.size = this.options.size ?? "full";
    nodes.root.setAttribute("aria-label", `${this.options.title ?? reading.name}: replay of one reading`);
    setText(nodes.title, this.options.title ?? reading.name);
    setText(nodes.subtitle, this.options.subtitle ?? "");
    setText(nodes.axisTitle, reading.step_word);
    this.busiest = reading.layers.map((layer) => busiestUnit(layer.forward.hidden));
    this.now.introduce(reading);
    nodes.scrub.max = String(reading.steps - 1);
    nodes.scrub.setAttribute("aria-label", `${reading.step_word} being read`);
    nodes.stage.setAttribute(
      "aria-label",
      "Panels over time. Left and right move the cursor, up and down choose a unit, space plays, " +
        "enter pins, escape clears.",
    );
    this.buildChoices();
  }

  // Built once per reading and only marked afterwards, so that a button keeps the focus when it is pressed.
  buildChoices() {
    const { nodes, reading } = this;
    const layers = reading.layers.map((_, index) =>
      buildChoice(`Layer ${index + 1}`, `Show layer ${index + 1}`, () =>
        this.dispatch({ type: "layer", layer: index }),
      ),
    );
    nodes.layers.replaceChildren(...layers);
    nodes.layers.hidden = layers.length < 2;
    const chips = reading.signals.map(({ name, label, meaning }) =>
      buildChoice(label, meaning, () => this.dispatch({ type: "panel", id: name })),
    );
    nodes.chips.replaceChildren(...chips);
    nodes.chips.hidden = chips.length < 2 || this.options.size === "small";
  }

  markChoices() {
    const { nodes, reading, state } = this;
    [...nodes.layers.children].forEach((button, i) => button.setAttribute("aria-pressed", String(i === state.layer)));
    [...nodes.chips.children].forEach((button, i) => {
      const { name, hue } = reading.signals[i];
      button.setAttribute("aria-pressed", String(!state.hidden.includes(name)));
      button.style.setProperty("--hue", hue[this.theme]);
    });
  }

  // Sizes the axis, rebuilds the panels and paints all of them. Cheap enough to do whole on every change of layout.
  layOut(force = false) {
    if (!this.reading || !this.theme) return;
    const { nodes, reading, state, options } = this;
    const width = Math.floor(nodes.stage.getBoundingClientRect().width);
    const ratio = Math.max(1, window.devicePixelRatio || 1);
    const key = [width, ratio, state.layer, state.hidden.join()].join("|");
    if (width < 60 || (!force && key === this.layoutKey)) return;
    this.layoutKey = key;
    this.ratio = ratio;
    this.axis = timeAxis(width, reading.steps, width < 480 ? 30 : 40);
    nodes.root.style.setProperty("--gutter", `${this.axis.gutter}px`);
    nodes.root.style.setProperty("--column", `${this.axis.column}px`);
    this.panels = listPanels(reading, state.layer, state.hidden, options.panels, ratio).map((panel) => ({
      ...panel,
      ...buildPanel(panel),
    }));
    nodes.panels.replaceChildren(...this.panels.map((panel) => panel.node));
    this.markChoices();
    this.paint();
  }

  scene() {
    const { reading, state, axis, colours, theme, font, ratio } = this;
    return { reading, state, axis, colours, theme, font, ratio, unit: this.looked().unit };
  }

  paint() {
    const scene = this.scene();
    this.panels.forEach((panel) => paintPanel(panel, scene));
    this.now.paint(scene);
    this.paintedUnit = scene.unit;
    const signals = this.panels.filter((panel) => panel.signal);
    fillLegend(this.nodes.legend, this.reading, signals, this.theme, this.options);
    this.refresh();
    this.now.stick();
  }

  looked() {
    return lookedAt(this.state, this.busiest[this.state.layer]);
  }

  // Everything that moves with the cursor: a handful of styles and texts, and one small picture.
  refresh() {
    if (!this.axis) return;
    const { nodes, state, reading, axis } = this;
    const { step, unit } = this.looked();
    this.frame(nodes.cursor, state.step);
    nodes.preview.hidden = state.hover?.step === undefined || state.hover?.step === null;
    this.frame(nodes.preview, step);
    const unread = state.hover ? "100%" : `${columnLeft(axis, state.step + 1)}px`;
    nodes.stage.style.setProperty("--veil", unread);
    nodes.veil.hidden = state.hover !== null || state.step === state.steps - 1;
    if (nodes.scrub.value !== String(state.step)) nodes.scrub.value = String(state.step);
    nodes.scrub.setAttribute("aria-valuetext", leaderSentence(reading, step));
    this.now.refresh(state, step, unit);
    this.refreshPanels(step, unit);
    this.refreshTicks();
    nodes.root.dataset.step = String(state.step);
    nodes.root.dataset.unit = String(unit);
    nodes.root.dataset.layer = String(state.layer);
    nodes.root.dataset.playing = String(state.playing);
    nodes.root.dataset.ready = this.digest;
    setText(nodes.play, state.playing ? "Pause" : "Play");
  }

  // Whole pixels, so that the frame never sticks out of the stage.
  frame(node, step) {
    const left = Math.round(columnLeft(this.axis, step));
    node.style.transform = `translateX(${left}px)`;
    node.style.width = `${Math.round(columnLeft(this.axis, step + 1)) - left}px`;
  }

  refreshPanels(step, unit) {
    const { state, reading } = this;
    for (const panel of this.panels) {
      setText(panel.value, panelValue(panel, reading, state.layer, step, unit));
      if (!panel.signal) continue;
      const high = panel.height / reading.units[state.layer];
      panel.row.style.height = `${Math.max(high, 1) + 2}px`;
      panel.row.style.transform = `translateY(${unit * high - 1}px)`;
      panel.row.classList.toggle("pinned", state.units.includes(unit));
    }
    if (unit !== this.paintedUnit) {
      this.paintedUnit = unit;
      const lines = this.panels.find((panel) => panel.id === "unit");
      if (lines) paintPanel(lines, this.scene());
    }
  }

  refreshTicks() {
    const key = [this.layoutKey, this.themeKey, this.state.steps.at(-1), this.digest].join("|");
    if (key === this.tickKey) return;
    this.tickKey = key;
    const { axis, reading, state, colours, font } = this;
    const context = sharpContext(this.nodes.ticksTop, axis.gutter + axis.width, 18, this.ratio);
    drawTicks(context, ticks(0, reading.steps, axis.column), axis, 18, colours, font, state.steps.at(-1) ?? null);
  }

  dispatch(action) {
    const before = this.state;
    this.state = reduce(before, action);
    if (this.state === before) return;
    const { state } = this;
    if (state.layer !== before.layer || state.hidden !== before.hidden) this.layOut(true);
    if (state.playing) this.later("tick", 1000 / (STEPS_PER_SECOND * state.speed), () => this.dispatch({ type: "tick" }));
    else clearTimeout(this.timers.tick);
    this.schedule();
    if (action.type === "hover" || action.type === "leave") return;
    this.later("announce", ANNOUNCE_AFTER, () => this.announce());
    this.later("address", COMMIT_AFTER, () => this.writeAddress());
    const [old, fresh] = [before, state].map((one) => JSON.stringify(committed(one)));
    if (old !== fresh) this.later("commit", COMMIT_AFTER, () => this.commit());
  }

  // At most one refresh per frame, however fast the pointer or the keys are.
  schedule() {
    if (this.pending) return;
    this.pending = requestAnimationFrame(() => {
      this.pending = null;
      this.refresh();
    });
  }

  later(name, delay, act) {
    clearTimeout(this.timers[name]);
    this.timers[name] = setTimeout(act, delay);
  }

  commit() {
    if (this.options.silent) return;
    this.tell?.("view", commitMessage(this.state));
  }

  // The address follows the hand without asking the server: this page stays a link to exactly this view.
  writeAddress() {
    if (!this.options.address || this.state.playing) return;
    const search = viewSearch(window.location.search, viewOfState(this.state));
    if (search !== window.location.search) {
      window.history.replaceState(window.history.state, "", window.location.pathname + search + window.location.hash);
    }
  }

  announce() {
    const { reading, state } = this;
    if (state.playing) return;
    setText(this.nodes.live, announcement([reading], state, this.looked()));
  }

  listen() {
    const { nodes } = this;
    nodes.play.onclick = () => this.dispatch({ type: this.state.playing ? "pause" : "play" });
    nodes.speed.onchange = () => this.dispatch({ type: "speed", speed: Number(nodes.speed.value) });
    nodes.scrub.oninput = () => this.dispatch({ type: "seek", step: Number(nodes.scrub.value) });
    nodes.stage.onpointermove = (event) => this.point(event);
    nodes.stage.onpointerleave = () => {
      nodes.tip.hidden = true;
      this.dispatch({ type: "leave" });
    };
    nodes.panels.onclick = (event) => {
      const { step, unit } = this.locate(event);
      if (step !== null) this.dispatch({ type: "pin", step, unit });
    };
    nodes.root.onkeydown = (event) => this.press(event);
    // Arrow keys work before anything has been clicked; they are left alone while another field has the focus.
    this.onDocumentKey = (event) => {
      if (this.options.keys && document.activeElement === document.body) this.press(event);
    };
    document.addEventListener("keydown", this.onDocumentKey);
    nodes.tip.hidden = true;
  }

  press(event) {
    const isOwn = event.target.tagName === "SELECT" || (event.target.tagName === "BUTTON" && " Enter".includes(event.key));
    if (isOwn || event.ctrlKey || event.metaKey || event.altKey || !this.state) return;
    const action = keyAction(event, this.state, { unit: this.busiest[this.state.layer], order: null });
    if (!action) return;
    event.preventDefault();
    this.nodes.tip.hidden = true;
    this.dispatch(action);
  }

  // Which panel, step and unit lie under the pointer.
  locate(event) {
    const node = event.target.closest?.(".panel");
    const panel = node && this.panels.find((candidate) => candidate.node === node);
    if (!panel || !this.axis) return { panel: null, step: null, unit: null };
    const box = panel.canvas.getBoundingClientRect();
    const step = stepAt(this.axis, event.clientX - box.left);
    const y = event.clientY - box.top;
    const inside = panel.signal && y >= 0 && y < box.height;
    return { panel, step, unit: inside ? unitAt(y, box.height, this.reading.units[this.state.layer]) : null };
  }

  point(event) {
    const { panel, step, unit } = this.locate(event);
    if (!panel || step === null) {
      this.nodes.tip.hidden = true;
      this.dispatch({ type: "leave" });
      return;
    }
    this.dispatch({ type: "hover", step, unit, panel: panel.id });
    this.showTip(event, panel, step, unit);
  }

  showTip(event, panel, step, unit) {
    const { nodes, reading, state } = this;
    setText(nodes.tip, tipText(panel, reading, { layer: state.layer, direction: "forward", values: "raw", step, unit }));
    nodes.tip.hidden = false;
    const stage = nodes.stage.getBoundingClientRect();
    const x = Math.min(Math.max(event.clientX - stage.left + 14, 0), stage.width - nodes.tip.offsetWidth);
    const y = event.clientY - stage.top + 18;
    nodes.tip.style.transform = `translate(${x}px, ${y}px)`;
  }
}

export default function mountTheatre({ data, parentElement, setStateValue }) {
  let theatre = THEATRES.get(parentElement);
  if (!theatre) {
    theatre = new Theatre(parentElement);
    THEATRES.set(parentElement, theatre);
  }
  theatre.update(unpack(data), setStateValue);
  return () => {
    theatre.destroy();
    THEATRES.delete(parentElement);
  };
}
