// A view behind the # of an address, for a page without a server: `#v=2&layer=2&units=37.90`, in the words of address.js.

import { viewOf, viewSearch } from "../stage/address.js";
import { DEFAULT_VIEW } from "../shared/view.js";

const ALL_DEFAULT = "#v=2";

// Never empty: a view that is all default is said too, or the one that the page came with would take its place.
export function hashOfView(sent) {
  const search = viewSearch("", { ...DEFAULT_VIEW, ...sent });
  return search ? `#${search.slice(1)}` : ALL_DEFAULT;
}

// The view that a hash asks for, or null where it asks for none.
export function viewOfHash(hash) {
  const search = `?${hash.slice(1)}`;
  return new URLSearchParams(search).has("v") ? viewOf(search) : null;
}
