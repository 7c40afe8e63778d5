// A piece of somebody's text, taken apart for the screen: what is written as it is, and characters that nobody would see
// or that would turn the text around, which get a small sign. Nothing is left out: the parts join to the piece. Pure.

const NAMES = {
  0x00ad: "soft hyphen",
  0x034f: "grapheme joiner",
  0x061c: "Arabic letter mark",
  0x180e: "Mongolian vowel separator",
  0x200b: "zero-width space",
  0x200c: "zero-width non-joiner",
  0x200d: "zero-width joiner",
  0x200e: "left-to-right mark",
  0x200f: "right-to-left mark",
  0x2028: "line separator",
  0x2029: "paragraph separator",
  0x202a: "left-to-right embedding",
  0x202b: "right-to-left embedding",
  0x202c: "end of a turn of direction",
  0x202d: "left-to-right override",
  0x202e: "right-to-left override",
  0x2060: "word joiner",
  0x2061: "function application",
  0x2062: "invisible times",
  0x2063: "invisible separator",
  0x2064: "invisible plus",
  0x2066: "left-to-right isolate",
  0x2067: "right-to-left isolate",
  0x2068: "first strong isolate",
  0x2069: "end of an isolate",
  0xfeff: "byte order mark, or zero-width no-break space",
  0xfffc: "object replacement",
};

// Controls (but no tab and no line end), everything of no width, halves of characters, tags, private and unassigned.
const SIGNED = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\u034f\u2028\u2029\ufffc]/u;
const KEPT = new Set(["\t", "\n", "\r"]);

// Inside an emoji or a word a joiner does its work and is no secret: a family, a Persian plural, a flag of a country.
function belongs(characters, i) {
  const code = characters[i].codePointAt(0);
  const isJoiner = code === 0x200c || code === 0x200d;
  const isTag = code >= 0xe0020 && code <= 0xe007f;
  if (isTag) return characters.slice(0, i).includes("\u{1f3f4}");
  const isPart = (one) => one !== undefined && /[\p{L}\p{M}\p{So}\p{Sk}\p{Emoji}]/u.test(one);
  return isJoiner && isPart(characters[i - 1]) && isPart(characters[i + 1]);
}

// "U+202E, right-to-left override"
export function characterName(character) {
  const code = character.codePointAt(0);
  const point = `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
  const name = NAMES[code] ?? (code < 0x20 || (code >= 0x7f && code < 0xa0) ? "control character" : null);
  return name ? `${point}, ${name}` : point;
}

// [{ text, name }], where `name` is null for plain text and else what the one character is called.
export function textParts(text) {
  if (!SIGNED.test(text)) return text ? [{ text, name: null }] : [];
  const characters = [...text];
  const parts = [];
  let plain = "";
  characters.forEach((character, i) => {
    const isLineEnd = character === "\r" && characters[i + 1] !== "\n";
    if (isLineEnd || (SIGNED.test(character) && !KEPT.has(character) && !belongs(characters, i))) {
      if (plain) parts.push({ text: plain, name: null });
      parts.push({ text: character, name: characterName(character) });
      plain = "";
    } else plain += character;
  });
  if (plain) parts.push({ text: plain, name: null });
  return parts;
}

// White space before and after a word stands between the tokens and gets no colour; white space alone is the token.
export function withoutMargins(piece) {
  const word = piece.trim();
  if (word === "") return { before: "", word: piece, after: "" };
  const at = piece.indexOf(word);
  return { before: piece.slice(0, at), word, after: piece.slice(at + word.length) };
}
