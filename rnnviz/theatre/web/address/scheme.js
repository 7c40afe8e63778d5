// Tells Python when the page has turned light or dark: figures that are drawn there are drawn for one of the two.

const KNOWN = new WeakMap();

export default function mountScheme({ parentElement, setStateValue }) {
  if (!KNOWN.has(parentElement)) {
    const node = document.createElement("span");
    parentElement.append(node);
    KNOWN.set(parentElement, { node, page: null });
  }
  const known = KNOWN.get(parentElement);
  const page = getComputedStyle(known.node).getPropertyValue("--st-background-color").trim();
  if (known.page !== null && page !== known.page) setStateValue("page", page);
  known.page = page;
}
