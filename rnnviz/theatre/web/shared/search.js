// The search with exactly `words` of all `owned` ones in it, in order, and a version while it says anything.
export function placedSearch(search, owned, words, version) {
  const before = new URLSearchParams(search);
  const after = new URLSearchParams();
  for (const word of owned) if (word in words) after.set(word, words[word]);
  for (const [word, value] of before) if (!owned.includes(word) && word !== "v") after.append(word, value);
  const text = after.toString();
  return text ? `?v=${version}&${text}` : "";
}
