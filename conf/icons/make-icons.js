// Makes the icons of this directory: node make-icons.js. Small drawings of our own, under the names that httpd's configurations use for theirs.
// Each is a picture of 20 × 22 in a palette of eight colours, written as GIF 89a.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const WIDTH = 20;
const HEIGHT = 22;
const NONE = 0;
const INK = 1;
const PAPER = 2;
const GREY = 3;
const BLUE = 4;
const GOLD = 5;
const GREEN = 6;
const RED = 7;
const PALETTE = [
  [255, 255, 255],
  [48, 52, 60],
  [252, 252, 248],
  [150, 156, 166],
  [58, 110, 190],
  [236, 188, 84],
  [74, 150, 92],
  [200, 66, 60],
];

/** Letters of 3 × 5, a row of three bits each. */
const LETTERS = {
  a: '757557',
  b: '656656',
  c: '744447',
  d: '655556',
  f: '744644',
  h: '557755',
  i: '722227',
  m: '577555',
  p: '757444',
  s: '747117',
  t: '722222',
  u: '555557',
  v: '555552',
  x: '552255',
  z: '712447',
  '?': '711202',
  0: '755557',
  1: '262227',
};

class Picture {
  pixels = new Uint8Array(WIDTH * HEIGHT);

  set(x, y, colour) {
    if (x >= 0 && y >= 0 && x < WIDTH && y < HEIGHT) this.pixels[y * WIDTH + x] = colour;
    return this;
  }
  fill(x, y, width, height, colour) {
    for (let j = y; j < y + height; j++) for (let i = x; i < x + width; i++) this.set(i, j, colour);
    return this;
  }
  box(x, y, width, height, colour, inside = NONE) {
    return this.fill(x, y, width, height, colour).fill(x + 1, y + 1, width - 2, height - 2, inside);
  }
  line(x0, y0, x1, y1, colour) {
    const steps = Math.max(Math.abs(x1 - x0), Math.abs(y1 - y0), 1);
    for (let i = 0; i <= steps; i++)
      this.set(Math.round(x0 + ((x1 - x0) * i) / steps), Math.round(y0 + ((y1 - y0) * i) / steps), colour);
    return this;
  }
  disc(cx, cy, radius, colour, edge = colour) {
    for (let y = 0; y < HEIGHT; y++) {
      for (let x = 0; x < WIDTH; x++) {
        const far = Math.hypot(x - cx, y - cy);
        if (far <= radius) this.set(x, y, far > radius - 1.2 ? edge : colour);
      }
    }
    return this;
  }
  /** Columns of a triangle that points to the right (1) or left (-1). */
  arrow(x, y, size, direction, colour) {
    for (let i = 0; i < size; i++)
      this.fill(x + direction * i, y - (size - 1 - i), 1, 2 * (size - i) - 1, colour);
    return this;
  }
  text(word, x, y, colour) {
    [...word].forEach((letter, n) => {
      [...(LETTERS[letter] ?? '000000')].forEach((row, j) => {
        for (let i = 0; i < 3; i++)
          if ((Number(row) & (4 >> i)) !== 0) this.set(x + n * 4 + i, y + j, colour);
      });
    });
    return this;
  }
  turned() {
    const turned = new Picture();
    for (let y = 0; y < 20; y++)
      for (let x = 0; x < 20; x++) turned.set(y, 19 - x, this.pixels[y * WIDTH + x]);
    return turned;
  }
}

/** A sheet with a folded corner. */
function sheet(edge = INK) {
  const picture = new Picture().box(3, 1, 14, 20, edge, PAPER);
  for (let i = 0; i < 5; i++) picture.fill(12 + i, 1, 5 - i, 1, NONE).line(12, 1, 16, 5, edge);
  for (let j = 1; j < 5; j++) picture.fill(13 + j, j, 4 - j + 1, 1, NONE);
  return picture.line(12, 1, 12, 5, edge).line(12, 5, 16, 5, edge).line(12, 1, 16, 5, edge);
}
const lines = (picture, colour = GREY, from = 8) => {
  for (let y = from; y < 19; y += 3) picture.fill(6, y, y % 2 === 0 ? 8 : 6, 1, colour);
  return picture;
};
const lettered = (word, colour = BLUE) =>
  sheet().text(word, word.length === 1 ? 9 : word.length === 2 ? 6 : 4, 10, colour);
function folder(colour = GOLD) {
  return new Picture()
    .box(1, 4, 8, 4, INK, colour)
    .box(1, 6, 18, 13, INK, colour)
    .fill(2, 6, 6, 2, colour)
    .fill(2, 8, 16, 1, PAPER);
}
const openFolder = () => {
  const picture = folder();
  for (let j = 0; j < 8; j++) picture.line(2 + Math.floor(j / 2), 18 - j, 18, 18 - j, PAPER);
  return picture.line(1, 18, 6, 10, INK).line(6, 10, 18, 10, INK);
};
const pointer = (direction, colour = BLUE) =>
  new Picture()
    .fill(direction > 0 ? 3 : 8, 8, 9, 5, colour)
    .arrow(direction > 0 ? 11 : 8, 10, 7, direction, colour);
const back = () =>
  new Picture()
    .arrow(7, 8, 6, -1, GREEN)
    .fill(7, 7, 9, 3, GREEN)
    .fill(14, 7, 3, 10, GREEN)
    .fill(6, 14, 9, 3, GREEN);
function packed(colour) {
  const picture = sheet();
  for (let y = 4; y < 19; y += 2) picture.fill(8 + ((y / 2) % 2), y, 2, 1, INK);
  return picture.box(7, 15, 5, 4, INK, colour);
}
const crate = (colour) =>
  new Picture()
    .box(3, 5, 15, 14, INK, colour)
    .line(3, 10, 17, 10, INK)
    .line(3, 5, 17, 5, INK)
    .fill(9, 5, 2, 6, PAPER);
const picture = (sky, ground) =>
  sheet()
    .box(5, 8, 10, 10, INK, sky)
    .disc(8, 11, 1.5, GOLD)
    .fill(6, 14, 8, 3, ground)
    .line(9, 14, 12, 11, ground)
    .line(12, 11, 13, 14, ground);
const globe = (sea, land) =>
  new Picture()
    .disc(9.5, 10.5, 8.5, sea, INK)
    .disc(7, 8, 2.6, land)
    .disc(13, 12, 2.2, land)
    .disc(8, 15, 1.6, land);
const note = (colour) =>
  sheet()
    .fill(7, 8, 1, 8, colour)
    .fill(12, 7, 1, 8, colour)
    .fill(7, 7, 6, 2, colour)
    .disc(6, 16, 1.6, colour)
    .disc(11, 15, 1.6, colour);
const film = () => {
  const made = sheet().fill(5, 7, 10, 11, INK).fill(7, 9, 6, 3, BLUE).fill(7, 14, 6, 3, GREEN);
  for (let y = 8; y < 18; y += 2) made.set(5, y, PAPER).set(14, y, PAPER);
  return made;
};
const hand = () =>
  new Picture()
    .box(2, 8, 7, 9, INK, PAPER)
    .box(8, 8, 10, 4, INK, PAPER)
    .fill(8, 9, 2, 2, PAPER)
    .line(4, 11, 7, 11, GREY)
    .line(4, 13, 7, 13, GREY);
const bomb = () =>
  new Picture()
    .disc(9, 13, 6.5, INK)
    .line(13, 8, 16, 4, GREY)
    .disc(16.5, 3.5, 1.8, GOLD)
    .fill(6, 10, 2, 2, PAPER);
const layout = () =>
  sheet().box(5, 7, 10, 3, INK, BLUE).box(5, 11, 4, 7, INK, GREY).box(10, 11, 5, 7, INK, GOLD);
const broken = () => picture(PAPER, GREY).line(5, 6, 14, 18, RED).line(14, 6, 5, 18, RED);
const ball = (colour) => new Picture().disc(9.5, 10.5, 6, colour, INK).fill(7, 7, 2, 2, PAPER);
const screw = (colour) =>
  new Picture().disc(9.5, 6, 4.6, colour, INK).line(6, 6, 13, 6, INK).box(8, 10, 4, 10, INK, colour);
const disk = () => new Picture().disc(9.5, 10.5, 8.5, GREY, INK).disc(9.5, 10.5, 3, PAPER, INK);
const monitor = (colour) =>
  new Picture().box(2, 3, 16, 12, INK, colour).fill(8, 15, 4, 3, GREY).fill(5, 18, 10, 2, INK);
const locked = (made) => made.box(11, 13, 8, 7, INK, GOLD).box(13, 10, 4, 4, INK);
const pie = (eighths) => {
  const made = new Picture().disc(9.5, 10.5, 8, PAPER, INK);
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) {
      const angle = (Math.atan2(x - 9.5, 10.5 - y) / (2 * Math.PI) + 1) % 1;
      if (Math.hypot(x - 9.5, y - 10.5) < 7 && angle < eighths / 8) made.set(x, y, BLUE);
    }
  }
  return made;
};
const code = () =>
  sheet()
    .text('x', 5, 11, NONE)
    .line(8, 9, 5, 12, BLUE)
    .line(5, 12, 8, 15, BLUE)
    .line(11, 9, 14, 12, BLUE)
    .line(14, 12, 11, 15, BLUE);
const warning = (colour) => {
  const made = new Picture();
  for (let j = 0; j < 16; j++) made.fill(9 - Math.floor(j / 2), 3 + j, 2 + 2 * Math.floor(j / 2), 1, colour);
  return made.fill(9, 8, 2, 6, PAPER).fill(9, 15, 2, 2, PAPER);
};
const quill = () => sheet().line(15, 3, 6, 17, BLUE).line(16, 4, 7, 17, BLUE).line(16, 6, 9, 14, GREY);

const ICONS = {
  blank: new Picture(),
  folder: folder(),
  dir: folder(),
  'folder.open': openFolder(),
  'folder.sec': locked(folder()),
  back: back(),
  left: pointer(-1),
  right: pointer(1),
  forward: pointer(1, GREEN),
  up: pointer(1).turned(),
  down: pointer(-1).turned(),
  text: lines(sheet()),
  index: lines(sheet(), BLUE),
  'icon.sheet': sheet(),
  generic: sheet(),
  'generic.red': sheet(RED),
  'generic.sec': locked(sheet()),
  unknown: lettered('?', RED),
  binary: sheet().text('01', 6, 7, INK).text('10', 6, 14, INK),
  binhex: lettered('hx', GREEN),
  uuencoded: lettered('uu', GREEN),
  uu: lettered('uu', GREEN),
  compressed: packed(GOLD),
  tar: packed(GREY),
  'comp.blue': monitor(BLUE),
  'comp.gray': monitor(GREY),
  box1: crate(GOLD),
  box2: crate(GREY),
  transfer: crate(BLUE),
  image1: picture(PAPER, GREEN),
  image2: picture(BLUE, GREEN),
  image3: picture(GREY, RED),
  svg: lettered('svx'.slice(0, 2), GREEN),
  broken: broken(),
  movie: film(),
  sound1: note(GREY),
  sound2: note(BLUE),
  world1: globe(PAPER, GREY),
  world2: globe(BLUE, GREEN),
  sphere1: ball(GREY),
  sphere2: ball(BLUE),
  'ball.gray': ball(GREY),
  'ball.red': ball(RED),
  layout: layout(),
  portal: layout(),
  script: code(),
  xml: code(),
  patch: lines(sheet(), GREEN),
  quill: quill(),
  link: lines(sheet(), BLUE, 11).fill(6, 6, 5, 1, BLUE),
  bomb: bomb(),
  burst: ball(GOLD),
  'hand.right': hand(),
  'hand.up': hand().turned(),
  'alert.black': warning(INK),
  'alert.red': warning(RED),
  a: lettered('a'),
  c: lettered('c'),
  f: lettered('f'),
  p: lettered('p'),
  pdf: lettered('pdf', RED),
  ps: lettered('ps', RED),
  dvi: lettered('dvi'),
  tex: lettered('tx'),
  diskimg: disk(),
  screw1: screw(GREY),
  screw2: screw(GOLD),
  continued: lines(sheet(), GREY, 14),
};
for (let i = 0; i <= 8; i++) ICONS[`pie${i}`] = pie(i);

/** LZW as GIF has it, codes of growing width (GIF 89a, appendix F). */
function compress(pixels, minimum) {
  const clear = 1 << minimum;
  const bytes = [];
  let bits = 0;
  let held = 0;
  let table = new Map();
  let next = clear + 2;
  let width = minimum + 1;
  const put = (code) => {
    bits |= code << held;
    for (held += width; held >= 8; held -= 8) {
      bytes.push(bits & 255);
      bits >>>= 8;
    }
  };
  put(clear);
  let prefix = pixels[0];
  for (const pixel of pixels.subarray(1)) {
    const key = prefix * 256 + pixel;
    const known = table.get(key);
    if (known !== undefined) {
      prefix = known;
      continue;
    }
    put(prefix);
    if (next === 4096) {
      put(clear);
      table = new Map();
      next = clear + 2;
      width = minimum + 1;
    } else {
      table.set(key, next);
      if (next++ === 1 << width) width++;
    }
    prefix = pixel;
  }
  put(prefix);
  put(clear + 1);
  if (held > 0) bytes.push(bits & 255);
  return Uint8Array.from(bytes);
}

function encode({ pixels }) {
  const data = compress(pixels, 3);
  const blocks = [];
  for (let at = 0; at < data.length; at += 255) {
    const block = data.subarray(at, at + 255);
    blocks.push(block.length, ...block);
  }
  return Uint8Array.from([
    ...Buffer.from('GIF89a'),
    ...[WIDTH, 0, HEIGHT, 0, 0b10010010, NONE, 0],
    ...PALETTE.flat(),
    ...[0x21, 0xf9, 4, 1, 0, 0, NONE, 0], // colour 0 is transparent
    ...[0x2c, 0, 0, 0, 0, WIDTH, 0, HEIGHT, 0, 0],
    ...[3, ...blocks, 0, 0x3b],
  ]);
}

for (const [name, made] of Object.entries(ICONS)) {
  writeFileSync(fileURLToPath(new URL(`${name}.gif`, import.meta.url)), encode(made));
}
