// The rooms of the theatre, empty: every node that changes later is returned by name.

import { buildButton, element, silent } from "../shared/dom.js";

const SPEEDS = [
  [0.25, "¼×"],
  [0.5, "½×"],
  [1, "1×"],
  [2, "2×"],
  [4, "4×"],
];

export function buildSkeleton() {
  const bar = buildBar();
  const transport = buildTransport();
  const now = buildNow();
  const stage = buildStage();
  const tools = element("div", { class: "tools", role: "group", "aria-label": "What is shown, and how" });
  const menu = element("div", { class: "menu", role: "group", "aria-label": "View", hidden: true });
  const linkPlace = element("div", { class: "link-place" });
  const tour = element("div", { class: "tour-place" });
  const pins = element("div", { class: "pins", role: "group", "aria-label": "Pins" });
  const dock = element("section", { class: "dock", "aria-label": "Selected span", hidden: true });
  const legend = element("div", { class: "legend" });
  const prose = element("section", { class: "prose", "aria-label": "The text", hidden: true });
  const live = element("p", { class: "live", "aria-live": "polite", role: "status" });
  const body = element("div", { class: "body" }, now.aside, stage.stage);
  // What sticks to the edge of the window while the panels are scrolled leaves with them.
  const replay = element("div", { class: "replay" }, transport.transport, body, dock);
  const root = element(
    "section",
    { class: "theatre" },
    bar.bar,
    linkPlace,
    tour,
    tools,
    menu,
    pins,
    prose,
    replay,
    legend,
    live,
  );
  return { root, tools, menu, linkPlace, tour, pins, prose, body, dock, legend, live, ...bar, ...transport, ...now, ...stage };
}

function buildBar() {
  const title = element("h2", { class: "title" });
  const subtitle = element("span", { class: "subtitle" });
  const heading = element("div", { class: "heading" }, title, subtitle);
  const tourButton = buildButton("Tour", "Six short cards that show what can be done here", null, "plain tour-button");
  const copy = buildButton("Copy link", "Copy a link to exactly this view", null, "plain copy");
  const big = "Fill the window with big type and thick lines (P, back with Esc)";
  const present = buildButton("Present", big, null, "plain");
  const actions = element("div", { class: "actions" }, tourButton, copy, present);
  return { bar: element("div", { class: "bar" }, heading, actions), title, subtitle, tourButton, copy, present };
}

// Play, speed, loop and the slider stay at the upper edge of the window while the panels are scrolled.
function buildTransport() {
  const play = buildButton("Play", "Play or pause (space)", null, "play");
  const label = "Speed of the replay";
  const speed = element(
    "select",
    { class: "speed", "aria-label": label, title: label },
    ...SPEEDS.map(([value, text]) => element("option", { value: String(value) }, text)),
  );
  speed.value = "1";
  const loop = buildButton("Loop", "Start again at the end (L)", null, "loop");
  const scrub = element("input", { class: "scrub", type: "range", min: "0", step: "1" });
  scrub.title = "The step being read: drag, or use the arrow keys";
  const overview = element("div", { class: "overview", hidden: true });
  const heads = element("div", { class: "heads", hidden: true });
  const axisTitle = element("span", { class: "axis-title", "aria-hidden": "true" });
  const ticks = silent("ticks");
  const axis = element("div", { class: "axis" }, axisTitle, ticks);
  const controls = element("div", { class: "controls" }, play, loop, speed);
  const transport = element(
    "div",
    { class: "transport", role: "group", "aria-label": "Replay" },
    controls,
    element("div", { class: "scrub-place" }, scrub),
    element("div", { class: "time" }, overview, heads, axis),
  );
  return { transport, play, speed, loop, scrub, overview, heads, axis, axisTitle, ticks };
}

function buildNow() {
  const upright = element("canvas", { class: "upright", role: "img" });
  const where = element("p", { class: "where" });
  const answer = element("p", { class: "answer" });
  const answers = element("div", { class: "answers", role: "group", "aria-label": "The reading in numbers" });
  const classes = element("ol", { class: "classes", "aria-label": "Class probabilities at this step" });
  const verdict = element("p", { class: "verdict" });
  const marks = element("ul", { class: "marks", "aria-label": "Steps worth a look" });
  const ghostPicture = element("canvas", { class: "ghost-picture", role: "img" });
  const ghostAnswer = element("p", { class: "ghost-answer" });
  const ghost = element("div", { class: "ghost", hidden: true }, ghostPicture, ghostAnswer);
  const unitName = element("p", { class: "unit-name" });
  const unitRows = element("dl", { class: "unit-rows" });
  const unit = element("div", { class: "unit" }, unitName, unitRows);
  const aside = element(
    "aside",
    { class: "now", "aria-label": "At the cursor" },
    element("div", { class: "seen" }, upright, where),
    element("div", { class: "said" }, answers, answer, classes),
    element("div", { class: "more" }, ghost, verdict, marks),
    unit,
  );
  const answering = { answer, answers, classes, verdict, marks, ghost, ghostPicture, ghostAnswer };
  return { aside, unit, upright, where, unitName, unitRows, ...answering };
}

function buildStage() {
  const panels = element("div", { class: "panels" });
  const lanes = silent("lanes");
  const tip = silent("tip");
  tip.hidden = true;
  const stage = element("div", { class: "stage", tabIndex: 0, role: "group" }, panels, lanes, tip);
  return { stage, panels, lanes, tip };
}
