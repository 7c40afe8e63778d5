// In which order the units of a layer are drawn. An order lists, from the top row down, the units drawn there; null is
// the order of the indices.

// `layer` is a decoded layer (decode.js), `direction` "forward", "backward" or "both" (which is drawn in the order of
// its forward half), `order` "index", "activity" or "cluster". null as well for an order that the layer does not have.
export function rowOrder(layer, direction, order) {
  if (!layer || order === "index") return null;
  const orders = layer.orders[direction === "backward" ? "backward" : "forward"];
  return orders?.[order] ?? null;
}

export function rowOfUnit(order, unit) {
  return order ? order.indexOf(unit) : unit;
}

export function unitOfRow(order, row) {
  return order ? order[row] : row;
}
