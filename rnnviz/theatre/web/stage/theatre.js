// The theatre as a component of Streamlit: mounted once, handed new data on every change, taken down at the end.

import { Theatre } from "./director.js";
import { unpack } from "../shared/unpack.js";

const THEATRES = new WeakMap();

export default function mountTheatre({ data, parentElement, setStateValue }) {
  let theatre = THEATRES.get(parentElement);
  if (!theatre) {
    theatre = new Theatre(parentElement);
    THEATRES.set(parentElement, theatre);
  }
  theatre.update(unpack(data), setStateValue);
  return () => {
    theatre.destroy();
    THEATRES.delete(parentElement);
  };
}
