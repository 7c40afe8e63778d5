// A theatre in a page of its own: mounted as Streamlit would, but nobody is asked and nothing is sent.

import mountTheatre from "./theatre.js";

const DARK = window.matchMedia("(prefers-color-scheme: dark)");

function shownTheme() {
  const { theme } = document.documentElement.dataset;
  return theme === "auto" ? (DARK.matches ? "dark" : "light") : theme;
}

function startPage() {
  const data = JSON.parse(document.getElementById("readings").textContent);
  const parentElement = document.querySelector("main");
  const change = document.querySelector(".page-head button");
  const show = () => {
    change.textContent = shownTheme() === "dark" ? "Light colours" : "Dark colours";
    mountTheatre({ data, parentElement, setStateValue: () => {} });
  };
  change.hidden = false;
  change.onclick = () => {
    document.documentElement.dataset.theme = shownTheme() === "dark" ? "light" : "dark";
    show();
  };
  DARK.addEventListener("change", show);
  show();
}

startPage();
