// A theatre in a page of its own: mounted as Streamlit would, but nobody is asked and nothing is sent.
// What was chosen is kept behind the # of the address; in a notebook's frame, which has none, nowhere.

import { hashOfView, viewOfHash } from "./hash.js";
import mountTheatre from "./theatre.js";

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
  const data = JSON.parse(document.getElementById("readings").textContent);
  data.view = viewOfHash(window.location.hash) ?? data.view;
  const parentElement = document.querySelector("main");
  const other = document.querySelector(".page-head button");
  const show = () => {
    other.textContent = shownTheme() === "dark" ? "Light colours" : "Dark colours";
    mountTheatre({ data, parentElement, setStateValue: keepView });
  };
  other.onclick = () => {
    document.documentElement.dataset.theme = shownTheme() === "dark" ? "light" : "dark";
    show();
  };
  other.hidden = false;
  DARK.addEventListener("change", show);
  window.addEventListener("hashchange", () => window.location.reload());
  show();
}

startPage();
