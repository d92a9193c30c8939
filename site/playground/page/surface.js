// A decision surface: which class wins at each place, how surely, and the points of the data.
const COLORS = [[0, 114, 178], [230, 120, 0], [0, 140, 100], [180, 80, 160], [120, 120, 120], [200, 170, 0]];
const SHAPES = ["circle", "square", "triangle", "diamond"];

export function drawSurface(canvas, data, dark) {
  const { cells, winner, sure, points, labels, classes } = data;
  const size = canvas.width, pen = canvas.getContext("2d"), ground = dark ? 22 : 255;
  const image = pen.createImageData(cells, cells);
  for (let k = 0; k < cells * cells; k++) {
    const row = cells - 1 - Math.floor(k / cells), at = 4 * (row * cells + (k % cells));
    const least = 1 / classes, part = 0.15 + 0.5 * (sure[k] - least) / (1 - least || 1);
    const color = COLORS[winner[k] % COLORS.length];
    for (let c = 0; c < 3; c++) image.data[at + c] = ground + (color[c] - ground) * part;
    image.data[at + 3] = 255;
  }
  const small = new OffscreenCanvas(cells, cells);
  small.getContext("2d").putImageData(image, 0, 0);
  pen.imageSmoothingEnabled = true;
  pen.drawImage(small, 0, 0, size, size);
  const r = size / 90;
  points.forEach(([x, y], k) => {
    const color = COLORS[labels[k] % COLORS.length].map((v) => (dark ? v + (255 - v) * 0.35 : v * 0.75));
    pen.fillStyle = `rgb(${color.map(Math.round)})`;
    pen.strokeStyle = dark ? "#16181d" : "#ffffff";
    pen.lineWidth = size / 400;
    pen.beginPath();
    shape(pen, SHAPES[labels[k] % SHAPES.length], x * size, (1 - y) * size, r);
    pen.fill();
    pen.stroke();
  });
}

function shape(pen, kind, x, y, r) {
  if (kind === "circle") pen.arc(x, y, r, 0, 2 * Math.PI);
  else if (kind === "square") pen.rect(x - r * 0.9, y - r * 0.9, 1.8 * r, 1.8 * r);
  else {
    const turns = kind === "triangle" ? [[0, -1.2], [1.1, 0.9], [-1.1, 0.9]] : [[0, -1.3], [1.3, 0], [0, 1.3], [-1.3, 0]];
    turns.forEach(([a, b], k) => pen[k ? "lineTo" : "moveTo"](x + a * r, y + b * r));
    pen.closePath();
  }
}
