// A theatre in a page of its own: nobody is asked and nothing is sent.
// What was chosen is kept behind the # of the address; in a notebook's frame, which has none, nowhere.

import { Theatre } from "../stage/director.js";
import { hashOfView, viewOfHash } from "./hash.js";

const DARK = window.matchMedia("(prefers-color-scheme: dark)");

function shownTheme() {
  const { theme } = document.documentElement.dataset;
  return theme === "auto" ? (DARK.matches ? "dark" : "light") : theme;
}

function keepView(name, view) {
  if (name !== "view" || window.location.protocol === "about:") return;
  try {
    window.history.replaceState(null, "", hashOfView(view));
  } catch {
    // A frame may forbid it; the view then lasts as long as the page.
  }
}

function startPage() {
  performance.mark("theatre begins");
  const { view, ...data } = JSON.parse(document.getElementById("readings").textContent);
  const theatre = new Theatre(document.querySelector("main"));
  const other = document.querySelector(".page-head button");
  const nameOther = () => {
    other.textContent = shownTheme() === "dark" ? "Light colours" : "Dark colours";
  };
  const repaint = () => {
    nameOther();
    theatre.update({ digest: data.digest, options: data.options }, keepView);
  };
  other.onclick = () => {
    document.documentElement.dataset.theme = shownTheme() === "dark" ? "light" : "dark";
    repaint();
  };
  nameOther();
  other.hidden = false;
  theatre.update({ ...data, view: viewOfHash(window.location.hash) ?? view }, keepView);
  DARK.addEventListener("change", repaint);
  window.addEventListener("hashchange", () => window.location.reload());
}

startPage();
