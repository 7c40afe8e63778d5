import assert from "node:assert/strict";
import { test } from "node:test";

import mountScheme from "../../rnnviz/theatre/web/address/scheme.js";

test("Python is told when the page has changed its colour, and of nothing else", () => {
  const said = [];
  let page = "#ffffff";
  globalThis.document = { createElement: () => ({}) };
  globalThis.getComputedStyle = () => ({ getPropertyValue: () => ` ${page}` });
  const parentElement = { append: () => {} };
  const run = () => mountScheme({ parentElement, setStateValue: (...words) => said.push(words) });
  run();
  run();
  assert.deepEqual(said, [], "it opens as Python knows it");
  page = "#0e1117";
  run();
  run();
  assert.deepEqual(said, [["page", "#0e1117"]]);
});
