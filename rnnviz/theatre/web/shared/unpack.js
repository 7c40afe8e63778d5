// What Python handed over: JSON in bytes (see _packed in __init__.py).

export function unpack(data) {
  return data instanceof Uint8Array ? JSON.parse(new TextDecoder().decode(data)) : data;
}
