import assert from "node:assert/strict";
import { test } from "node:test";

import mountVisitor, { cookieOf, cookieText } from "../../rnnviz/theatre/web/address/visitor.js";

const NAME = "rnnviz_visitor";
const OURS = "abcdefghijklmnop_-12";

test("a cookie is found among others, and only a whole one", () => {
  assert.equal(cookieOf(`a=1; ${NAME}=${OURS}; b=2`, NAME), OURS);
  assert.equal(cookieOf(`x${NAME}=${OURS}`, NAME), null);
  for (const bad of ["", `${NAME}=`, `${NAME}`, `${NAME}=short`, `${NAME}=<script>alert(1)</script>`])
    assert.equal(cookieOf(bad, NAME), null);
});

test("the cookie stays on this site, and on https where there is https", () => {
  assert.equal(cookieText(NAME, OURS, 2, false), `${NAME}=${OURS}; Max-Age=172800; Path=/; SameSite=Lax`);
  assert.match(cookieText(NAME, OURS, 2, true), /; Secure$/);
});

function mounted(cookie) {
  const said = [];
  globalThis.document = { cookie };
  globalThis.window = { location: { protocol: "http:" } };
  mountVisitor({
    data: { name: NAME, token: OURS, days: 1 },
    setStateValue: (...words) => said.push(words),
  });
  return { cookie: globalThis.document.cookie, said };
}

test("a browser without the cookie gets it, one with another tells it", () => {
  assert.match(mounted("").cookie, new RegExp(`^${NAME}=${OURS};`));
  const other = "another_token_of_old";
  const { cookie, said } = mounted(`${NAME}=${other}`);
  assert.deepEqual([cookie, said], [`${NAME}=${other}`, [["known", other]]]);
  const again = mounted(`${NAME}=${OURS}`);
  assert.deepEqual(again.said, []);
  assert.match(again.cookie, /; Max-Age=86400;/, "its days begin anew");
});
