// Strokes are the truth of a drawing: lists of points in 0..1, each with its pen width. The picture follows from them.

export const SIDE = 112;
export const PENS = { thin: 0.04, normal: 0.075, thick: 0.115 };
const MOST_POINTS = 4000;

export function startStroke(strokes, pen, point) {
  return [...strokes, { pen, points: [rounded(point)] }];
}

// A point that hardly moved says nothing new; a drawing that never ends stops growing.
export function extendStroke(strokes, point) {
  const last = strokes.at(-1);
  const [x, y] = rounded(point);
  const [oldX, oldY] = last.points.at(-1);
  if (Math.hypot(x - oldX, y - oldY) < 0.004 || countPoints(strokes) >= MOST_POINTS) return strokes;
  return [...strokes.slice(0, -1), { pen: last.pen, points: [...last.points, [x, y]] }];
}

export function countPoints(strokes) {
  return strokes.reduce((count, stroke) => count + stroke.points.length, 0);
}

function rounded([x, y]) {
  return [x, y].map((place) => Math.round(Math.min(1, Math.max(0, place)) * 1000) / 1000);
}

export function paintStrokes(context, strokes, side, colour) {
  context.clearRect(0, 0, side, side);
  context.strokeStyle = colour;
  context.lineCap = "round";
  context.lineJoin = "round";
  for (const { pen, points } of strokes) {
    context.lineWidth = (PENS[pen] ?? PENS.normal) * side;
    context.beginPath();
    const [first, ...rest] = points;
    context.moveTo(first[0] * side, first[1] * side);
    if (rest.length === 0) context.lineTo(first[0] * side + 0.01, first[1] * side);
    rest.forEach(([x, y], i) => {
      const [nextX, nextY] = rest[i + 1] ?? [x, y];
      context.quadraticCurveTo(x * side, y * side, ((x + nextX) / 2) * side, ((y + nextY) / 2) * side);
    });
    context.stroke();
  }
}

// Light strokes on a dark ground as base64 of SIDE x SIDE grey bytes, or null when nothing is drawn.
export function greyImage(document, strokes) {
  if (strokes.length === 0) return null;
  const canvas = document.createElement("canvas");
  canvas.width = SIDE;
  canvas.height = SIDE;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  paintStrokes(context, strokes, SIDE, "#ffffff");
  const { data } = context.getImageData(0, 0, SIDE, SIDE);
  let text = "";
  for (let i = 3; i < data.length; i += 4) text += String.fromCharCode(data[i]);
  return btoa(text);
}
