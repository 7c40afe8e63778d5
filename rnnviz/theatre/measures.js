// The same tokens side by side, once for each measure: a component of Streamlit.

import { unpack } from "./unpack.js";

export default function mountMeasures({ data, parentElement }) {
  const { tokens, columns } = unpack(data);
  parentElement.textContent = `${columns.length} measures of ${tokens.length} tokens`;
}
