// Keeps the word by which Python knows this browser again, in a cookie that goes to this server only. It says nothing of
// who sits there. A browser that has another one keeps it and tells Python; the days count from the last visit. One that
// takes no cookies is left alone.

import { unpack } from "../shared/unpack.js";

const TOKEN = /^[A-Za-z0-9_-]{16,64}$/;

// The value of a cookie in `document.cookie`, or null where there is none that could be ours.
export function cookieOf(text, name) {
  for (const part of text.split(";")) {
    const [key, value] = part.trim().split("=");
    if (key === name && TOKEN.test(value ?? "")) return value;
  }
  return null;
}

// What to write to `document.cookie`; over https it goes back over https only.
export function cookieText(name, token, days, isSafe) {
  return `${name}=${token}; Max-Age=${days * 86400}; Path=/; SameSite=Lax${isSafe ? "; Secure" : ""}`;
}

export default function mountVisitor({ data, setStateValue }) {
  const { name, token, days } = unpack(data);
  const known = cookieOf(document.cookie, name);
  if (known !== null && known !== token) setStateValue("known", known);
  else document.cookie = cookieText(name, token, days, window.location.protocol === "https:");
}
