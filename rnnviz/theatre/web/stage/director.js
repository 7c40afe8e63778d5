// The theatre: readings, many panels, one cursor in time. Everything happens here in the browser; Python hears only of
// what was committed. This class holds the state and says who draws what when; how it is drawn is the others' business.

import { sameValue } from "./address.js";
import { standsBeside } from "./compare.js";
import { Controls } from "./controls.js";
import { decodeReading } from "../shared/decode.js";
import { Dock } from "./dock.js";
import { isFocused, keepsKey, liftAbove, setAttribute, setText } from "../shared/dom.js";
import { brushedUnits, isDrawnAnew, toldState, unitLanes } from "./found.js";
import { Gestures } from "./gestures.js";
import { Heads } from "./heads.js";
import { PageHistory } from "./history.js";
import { fillLegend } from "./legend.js";
import { LinkCopier } from "./link.js";
import { isKeyOutside, leaveBehind, startingView } from "./memory.js";
import { NowColumn } from "./now.js";
import { rowOrder } from "./order.js";
import { Overview } from "./overview.js";
import { PinRow } from "./pins.js";
import { Prose } from "./prose.js";
import { buildSkeleton } from "./skeleton.js";
import { announcement, leaderSentence, tipText } from "../shared/speech.js";
import { Stage } from "./stage.js";
import { adoptReadings, commitMessage, committed, initialState, keyAction } from "./state.js";
import { lasting, lookedAt, reduce, shapeOf, viewOfState } from "./state.js";
import { readTheme } from "../shared/theme.js";
import { decodeTints } from "../shared/tints.js";
import { Tour } from "./tour.js";
import { turnOf, turnsOf } from "../shared/turns.js";
import { roomFor } from "../shared/window.js";

const STEPS_PER_SECOND = 7;
const COMMIT_AFTER = 250;
const ANNOUNCE_AFTER = 500;
const PRESENTER_SCALE = 1.4;
const AWAITED_FOR = 2000;

const LANDMARKS = [[".prose", "The text"], [".now", "At the cursor"], [".dock", "Selected span"]];

export class Theatre {
  constructor(parent) {
    const nodes = buildSkeleton();
    const dispatch = (action) => this.dispatch(action);
    Object.assign(this, { nodes, state: null, digest: null, timers: {}, direction: "forward" });
    this.stage = new Stage(nodes);
    this.stage.unitCount = (index) => this.readings[index].units[this.state.layer];
    this.stage.onUnfold = () => this.restick();
    this.now = new NowColumn(nodes, dispatch);
    this.controls = new Controls(nodes, dispatch);
    this.heads = new Heads(nodes.heads);
    this.pins = new PinRow(nodes.pins, dispatch);
    this.dock = new Dock(nodes.dock, dispatch, (unit) => this.previewUnit(unit));
    this.overview = new Overview(nodes.overview, dispatch);
    this.prose = new Prose(nodes.prose, dispatch);
    this.history = new PageHistory((view, event) => this.adopt(view, event));
    this.link = new LinkCopier(nodes.copy, nodes.linkPlace, () => this.history.write());
    this.gestures = new Gestures(this);
    this.tour = new Tour(nodes.tour, { onSkip: (hadFocus) => hadFocus && nodes.stage.focus() });
    parent.append(nodes.root);
    this.listen();
    this.observer = new ResizeObserver(() => this.layOut());
    this.observer.observe(nodes.root);
  }

  // Called on the first mount and on every later change of data or theme.
  update(data, tell) {
    this.tell = tell;
    this.options = data.options ?? {};
    this.link.update(data.withheld);
    const isNew = data.digest !== this.digest;
    if (isNew) this.adoptData(data);
    if (data.tints && data.tintDigest !== this.tintDigest) this.adoptTints(data, isNew);
    const themeChanged = this.resolveTheme();
    if (isNew && this.state.presenter) this.present();
    if (isNew || themeChanged) this.layOut(true);
    this.history.turn(Boolean(this.options.address));
    if (isNew && this.options.autoplay && !this.hasPlayed && !this.prefersStillness()) {
      this.hasPlayed = true;
      this.dispatch({ type: "play" });
    }
    // What new readings leave of the view is no choice of its own: it belongs to the choice of the readings.
    if (isNew) this.history.chosen = lasting(this.state);
    if (isNew) this.follow();
    if (this.options.tour && !this.toured && Tour.wanted()) this.tour.start();
    if (!this.toured && this.goesOn) this.tour.notice(this.state, this.state, { type: "readings" });
    this.toured = true;
    if (data.stamp) this.meet(data);
  }

  // Python may ask for another view of a theatre that stands. What was chosen here since then stays, and is told again.
  meet({ name, stamp, view }) {
    const isFirst = !this.turns;
    this.turns ??= turnsOf(name);
    const met = this.turns.meet(stamp);
    if (isFirst || met === "known") return;
    if (met === "take") this.dispatch({ type: "adopt", view });
    else this.commit();
  }

  adoptData(data) {
    this.readings = data.readings.map(decodeReading);
    const shape = shapeOf(this.readings);
    const before = this.state;
    const start = startingView(data.view ?? {}, this.options.address);
    this.goesOn ??= start.goesOn;
    this.state = before ? adoptReadings(before, shape) : initialState(shape, start.view);
    if (this.awaited) {
      const clamped = committed(before);
      this.state = reduce(this.state, { type: "adopt", view: this.awaited });
      if (!sameValue(clamped, committed(this.state))) this.later("commit", COMMIT_AFTER, () => this.commit());
    }
    this.digest = data.digest;
    this.hitKey = null;
    if (before) this.tour.notice(before, this.state, { type: "readings" });
    this.introduce();
  }

  // Tints may come after their readings; nothing but colours is made anew then.
  adoptTints(data, isNew) {
    this.tintDigest = data.tintDigest;
    this.prose.adoptTints(decodeTints(data.tints));
    if (!isNew) this.schedule();
  }

  destroy() {
    if (this.options?.address && this.state) {
      leaveBehind(this.awaited ?? viewOfState(this.state), this.history.path);
    }
    this.observer.disconnect();
    this.history.stop();
    this.link.stop();
    this.tour.stop();
    cancelAnimationFrame(this.pending);
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

  // What changes only with the readings: titles, choices, class rows.
  introduce() {
    const { nodes, readings, options, state } = this;
    const { root } = nodes;
    const word = readings[0].step_word;
    const title = options.title ?? readings[0].name;
    root.dataset.size = options.size ?? "full";
    root.dataset.readings = String(readings.length);
    root.dataset.text = String(readings.some(({ tokens }) => tokens));
    const count = readings.length > 1 ? `${readings.length} readings` : "one reading";
    setAttribute(root, "aria-label", `${title}: replay of ${count}`);
    // A page may have two theatres, whose parts are told apart by their names.
    const whose = options.address ? "" : `, ${title}`;
    for (const [part, name] of LANDMARKS) setAttribute(root.querySelector(part), "aria-label", name + whose);
    setText(nodes.title, title);
    setText(nodes.subtitle, options.subtitle ?? "");
    nodes.scrub.max = String(state.shape.steps - 1);
    setAttribute(nodes.scrub, "aria-label", `${word} being read`);
    setAttribute(
      nodes.stage,
      "aria-label",
      "Panels over time. Left and right move the cursor, up and down choose a unit, space plays, enter pins, " +
        "shift with left and right selects a span, escape clears.",
    );
    nodes.copy.hidden = !options.address;
    nodes.tourButton.hidden = !options.tour;
    nodes.pins.hidden = options.size === "small";
    this.heads.introduce(readings);
    this.controls.introduce(this);
    this.prose.introduce(readings, options);
    nodes.present.hidden = options.size === "small";
  }

  get focused() {
    return this.readings[this.state.hover?.reading ?? this.state.focus] ?? this.readings[0];
  }

  // Everything a part may look at while it draws.
  scene() {
    const { readings, state, options, theme, colours, font, ratio, scale, focused } = this;
    const looked = this.looked();
    const speaking = this.speakingDirection();
    const hits = this.hits(speaking);
    const lanes = unitLanes(state.units, looked.unit);
    const drawn = { theme, colours, font, ratio, scale };
    return { readings, state, options, focused, looked, speaking, hits, hitKey: this.hitKey, lanes, ...drawn };
  }

  looked() {
    return lookedAt(this.state, this.focused.busiest[Math.min(this.state.layer, this.focused.busiest.length - 1)]);
  }

  // The direction that the numbers speak about: the one pointed at where both are shown.
  speakingDirection() {
    const { direction } = this.state;
    return direction === "both" ? this.direction : direction;
  }

  speakOf(direction) {
    this.direction = direction;
  }

  // Worked out once per span, threshold, signal and layer.
  hits(speaking) {
    const { span, threshold, brush, layer } = this.state;
    const key = span === null ? null : [this.digest, span, threshold, brush, layer, speaking].join("|");
    if (key !== this.hitKey) this.brushed = brushedUnits(this.readings, this.state, speaking);
    this.hitKey = key;
    return this.brushed ?? [];
  }

  // Measures, builds and paints everything. Cheap enough to do whole on every change of layout; sizes are asked for
  // twice only, for every question makes the browser lay out the page.
  layOut(force = false) {
    if (!this.readings || !this.theme) return;
    const { nodes, stage } = this;
    const ratio = Math.max(1, window.devicePixelRatio || 1);
    nodes.root.dataset.presenter = String(this.state.presenter);
    const { width } = nodes.root.getBoundingClientRect();
    const key = [Math.round(width), ratio].join("|");
    if (width < 60 || (!force && key === this.layoutKey)) return;
    Object.assign(this, { ratio, layoutKey: key });
    const beside = standsBeside(this.state.arrangement, this.readings.length, width);
    this.arrange(width, beside);
    const measures = stage.measure(this.readings, beside, this.scale);
    this.state = reduce(this.state, { type: "room", columns: roomFor(measures.room) });
    nodes.root.dataset.whole = String(this.state.window.count >= this.state.shape.steps);
    const scene = this.scene();
    this.prose.arrange(scene, beside);
    stage.build(scene, measures);
    this.paint(scene);
    this.restick();
  }

  // Where the numbers stand: beside the panels in a wide room, above them in a narrow one, and on a phone those of one
  // unit below.
  arrange(width, beside) {
    const { nodes } = this;
    const layout = width > 900 ? "roomy" : width > 560 ? "narrow" : "phone";
    Object.assign(nodes.root.dataset, { layout, arrangement: beside ? "beside" : "stacked" });
    const inBody = layout === "roomy" && !beside;
    if (inBody !== (nodes.aside.parentNode === nodes.body)) {
      if (inBody) nodes.body.prepend(nodes.aside);
      else nodes.transport.before(nodes.aside);
    }
    const home = layout === "phone" ? nodes.body : nodes.aside;
    if (nodes.unit.parentNode !== home) home.append(nodes.unit);
  }

  get scale() {
    return this.state.presenter ? PRESENTER_SCALE : 1;
  }

  paint(scene = this.scene()) {
    this.stage.paint(scene);
    this.overview.paint(scene, this.stage.gutter, this.stage.axis.width);
    this.now.paint(scene);
    this.explain(scene, true);
    this.refresh();
  }

  // The legend speaks of the span and its threshold as well.
  explain(scene, force = false) {
    const { span, threshold, brush } = scene.state;
    const key = span === null ? "" : [threshold, brush].join();
    if (key === this.explained && !force) return;
    this.explained = key;
    fillLegend(this.nodes.legend, scene, this.stage.bands);
  }

  restick() {
    const top = this.nodes.transport.offsetHeight + 12;
    const header = parseFloat(getComputedStyle(this.nodes.transport).top) || 0;
    this.now.stick(header + top);
  }

  // Everything that moves with the cursor: a handful of styles and texts, and one small picture.
  refresh() {
    if (!this.stage.axis) return;
    const { nodes, state, readings } = this;
    const scene = this.scene();
    const { step, unit } = scene.looked;
    if (this.now.reading !== scene.focused) this.now.paint(scene);
    this.stage.refresh(scene);
    this.prose.refresh(scene);
    this.overview.colour(scene, this.prose.coloursOf(readings.indexOf(scene.focused)));
    this.overview.refresh(scene);
    this.heads.refresh(scene);
    this.now.refresh(scene);
    this.pins.refresh(state, this.readings[0].step_word, this.isCoarse(), this.prose.isShown);
    this.dock.refresh(scene);
    this.explain(scene);
    this.controls.mark(this, this.gestures.selecting);
    if (nodes.scrub.value !== String(state.step)) nodes.scrub.value = String(state.step);
    setAttribute(nodes.scrub, "aria-valuetext", leaderSentence(scene.focused, step));
    Object.assign(nodes.root.dataset, Object.fromEntries(toldState(state, unit, this.prose.name)), { ready: this.digest });
  }

  isCoarse() {
    return window.matchMedia("(pointer: coarse)").matches;
  }

  dispatch(action) {
    const before = this.state;
    if (!["adopt", "hover", "leave", "tick"].includes(action.type)) this.awaited = null;
    this.state = reduce(before, action);
    const { state } = this;
    this.tour.notice(before, state, action);
    if (state === before) return;
    // Laid out and painted with the next frame, however many changes come before it.
    if (isDrawnAnew(before, state)) this.dirty = true;
    if (state.presenter !== before.presenter) this.present();
    const pause = 1000 / (STEPS_PER_SECOND * state.speed);
    if (state.playing) this.later("tick", pause, () => this.dispatch({ type: "tick" }));
    else clearTimeout(this.timers.tick);
    this.schedule();
    if (action.type === "hover" || action.type === "leave") return;
    this.later("announce", ANNOUNCE_AFTER, () => this.announce());
    if (!state.playing) this.follow();
    if (sameValue(committed(before), committed(state))) return;
    if (action.type !== "adopt") this.turns?.act();
    this.later("commit", COMMIT_AFTER, () => this.commit());
  }

  // At most one refresh per frame, however fast the pointer or the keys are.
  schedule() {
    if (this.pending) return;
    this.pending = requestAnimationFrame(() => {
      this.pending = null;
      if (this.dirty) {
        this.dirty = false;
        this.layOut(true);
      } else this.refresh();
    });
  }

  later(name, delay, act) {
    clearTimeout(this.timers[name]);
    this.timers[name] = setTimeout(act, delay);
  }

  commit() {
    if (!this.options.silent) this.tell?.("view", { ...commitMessage(this.state), ...this.turns?.stamp() });
  }

  follow() {
    if (!this.awaited) this.history.follow(viewOfState(this.state), lasting(this.state));
  }

  // Back or forward in the browser's history: the view of that entry, told to Python as well. The readings of that entry
  // may still be on their way, and only they can show all of it: until then nothing is written over it.
  adopt(view, event) {
    this.turns?.act(turnOf(event));
    this.awaited = view;
    this.dispatch({ type: "adopt", view });
    this.later("awaited", AWAITED_FOR, () => {
      this.awaited = null;
      this.history.chosen = lasting(this.state);
      this.follow();
    });
  }

  announce() {
    if (this.state.playing) return;
    setText(this.nodes.live, announcement(this.readings, this.state, this.looked()));
  }

  tipOf({ band, cell, step, unit }) {
    const { state } = this;
    const { direction, index } = cell;
    const meant = band.id === "unit" ? this.looked().unit : unit;
    const place = { layer: state.layer, direction, values: state.values, step, unit: meant };
    return tipText(band, this.readings[index], place);
  }

  previewUnit(unit) {
    if (unit === null) this.dispatch({ type: "leave" });
    else this.dispatch({ type: "hover", step: this.state.step, unit, panel: null, reading: this.state.focus });
  }

  // The presenter's size lies above everything else on the page, whatever surrounds the theatre there.
  present() {
    const { root } = this.nodes;
    const { presenter } = this.state;
    root.dataset.presenter = String(presenter);
    liftAbove(root, presenter);
    if (isFocused(this.nodes.present)) this.nodes.stage.focus({ preventScroll: true });
  }

  listen() {
    const { nodes } = this;
    nodes.play.onclick = () => this.dispatch({ type: this.state.playing ? "pause" : "play" });
    nodes.loop.onclick = () => this.dispatch({ type: "loop" });
    nodes.speed.onchange = () => this.dispatch({ type: "speed", speed: Number(nodes.speed.value) });
    nodes.scrub.oninput = () => this.dispatch({ type: "seek", step: Number(nodes.scrub.value) });
    nodes.present.onclick = () => this.dispatch({ type: "presenter" });
    nodes.tourButton.onclick = () => this.tour.start(0);
    this.controls.onSelect = () => {
      this.gestures.selecting = !this.gestures.selecting;
      this.schedule();
    };
    nodes.root.onkeydown = (event) => this.press(event);
    // Arrow keys work before anything has been clicked; they are left alone while another field has the focus.
    this.onDocumentKey = (event) => {
      if (this.options?.keys && isKeyOutside(event, this.nodes.root)) this.press(event);
    };
    document.addEventListener("keydown", this.onDocumentKey);
  }

  press(event) {
    if (!this.state || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape" && (this.link.closeQuestion() || this.controls.closeMenu())) {
      event.preventDefault();
      return;
    }
    if (keepsKey(event, this.nodes.scrub)) return;
    const { state, focused } = this;
    const layer = focused.layers[state.layer];
    const order = layer ? rowOrder(layer, this.speakingDirection(), state.order) : null;
    const action = keyAction(event, state, { unit: this.looked().unit, order });
    if (!action) return;
    event.preventDefault();
    this.gestures.hideTip();
    this.dispatch(action);
  }
}
