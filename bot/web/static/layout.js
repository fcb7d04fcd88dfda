// Places for the nodes of the interest's picture. The same interest, drawn after the same turns, looks the same:
// nothing here is random, and what has a place already starts from it.
//
// A node is { key, w, h, parent, x, y, placed }: its size, the key of the thread it hangs on, its centre. Threads
// (no parent) are as wide as high.
const GAP = 8, ROUNDS = 320, AROUND = 24, BETWEEN = 54, MARGIN = 8, GOLDEN = 2.399963;

// How far a box reaches from its centre in a direction.
function reach(node, dx, dy) {
  return Math.min(node.w / 2 / Math.max(Math.abs(dx), 1e-6), node.h / 2 / Math.max(Math.abs(dy), 1e-6));
}

function overlap(a, b) {
  const x = (a.w + b.w) / 2 + GAP - Math.abs(a.x - b.x), y = (a.h + b.h) / 2 + GAP - Math.abs(a.y - b.y);
  return x > 0 && y > 0 ? { x, y } : null;
}

function inside(node, width) {
  node.x = Math.min(Math.max(node.x, node.w / 2 + 2), width - node.w / 2 - 2);
}

// The height at which the nodes fill two fifths of the picture.
function heightFor(nodes, width) {
  const filled = nodes.reduce((sum, node) => sum + (node.w + GAP) * (node.h + GAP), 0);
  const tallest = Math.max(...nodes.map((node) => node.h));
  return Math.round(Math.max(filled / width / 0.4, tallest + 60, 150) / 10) * 10;
}

// The first place for a node: of many around its thread (or all over the picture), the freest and nearest one.
function place(node, parent, placed, width, height) {
  let best = Infinity, found = [width / 2, height / 2];
  for (let step = 0; step < 72; step += 1) {
    const angle = step * GOLDEN, ring = Math.sqrt(step / 72);
    const dx = Math.cos(angle), dy = Math.sin(angle);
    const far = parent ? parent.w / 2 + reach(node, dx, dy) + GAP + ring * 60 : 0;
    const spot = { ...node,
      x: parent ? parent.x + dx * far : width * (0.5 + dx * ring * 0.42),
      y: parent ? parent.y + dy * far : height * (0.5 + dy * ring * 0.42) };
    const wished = [spot.x, spot.y];
    inside(spot, width);
    let cost = Math.hypot(spot.x - wished[0], spot.y - wished[1]) + ring * (parent ? 30 : 10);
    for (const other of placed) {
      const over = overlap(spot, other);
      if (over) cost += 20 + over.x * over.y * 0.2;
      if (!parent && !other.parent) cost += 9000 / Math.max(40, Math.hypot(spot.x - other.x, (spot.y - other.y)));
    }
    if (cost < best) [best, found] = [cost, [spot.x, spot.y]];
  }
  [node.x, node.y] = found;
  node.placed = true;
}

function pull(node, parent, strength) {
  const dx = parent.x - node.x || 0.01, dy = parent.y - node.y, far = Math.hypot(dx, dy);
  const rest = parent.w / 2 + reach(node, dx / far, dy / far) + AROUND;
  node.x += dx / far * (far - rest) * strength;
  node.y += dy / far * (far - rest) * strength;
}

// Two boxes that overlap go apart along the shorter way; a thread gives way less than what hangs on it.
function part(a, b, share) {
  const over = overlap(a, b);
  if (!over) return;
  const along = over.x < over.y ? 'x' : 'y';
  const away = (a[along] - b[along] || (a.key < b.key ? -1 : 1)) < 0 ? -1 : 1;
  const [ofA, ofB] = a.parent === b.parent || (a.parent && b.parent) ? [0.5, 0.5] : a.parent ? [0.85, 0.15] : b.parent ? [0.15, 0.85] : [0.5, 0.5];
  a[along] += away * over[along] * ofA * share;
  b[along] -= away * over[along] * ofB * share;
}

// Threads keep a distance, so that the words of each have room; the words of one spread around it.
function repel(a, b, rest, strength) {
  const dx = a.x - b.x || 0.01, dy = a.y - b.y || 0.01, far = Math.hypot(dx, dy), lack = rest - far;
  if (lack <= 0) return;
  for (const [node, way] of [[a, 1], [b, -1]]) {
    node.x += way * dx / far * lack * strength;
    node.y += way * dy / far * lack * strength;
  }
}

// Finds the places; gives the height that the picture has then.
function arrange(nodes, width, height) {
  const by = new Map(nodes.map((node) => [node.key, node]));
  const placed = nodes.filter((node) => node.placed);
  for (const node of [...nodes].sort((a, b) => Boolean(a.parent) - Boolean(b.parent) || b.w * b.h - a.w * a.h)) {
    if (node.placed) continue;
    place(node, by.get(node.parent), placed, width, height);
    placed.push(node);
  }
  for (let round = 0; round < ROUNDS; round += 1) {
    const cool = Math.max(0, 1 - round / ROUNDS / 0.7);
    for (const node of nodes) {
      const parent = by.get(node.parent);
      if (parent) pull(node, parent, 0.12 * cool);
      else {
        node.x += (width / 2 - node.x) * 0.012 * cool;
        node.y += (height / 2 - node.y) * 0.006 * cool;
      }
    }
    for (let i = 0; i < nodes.length; i += 1) {
      for (let j = i + 1; j < nodes.length; j += 1) {
        const [a, b] = [nodes[i], nodes[j]];
        if (!a.parent && !b.parent) repel(a, b, (a.w + b.w) / 2 + BETWEEN, 0.12 * cool);
        else if (a.parent === b.parent) repel(a, b, 110, 0.05 * cool);
        // At first they may pass through one another, in the end nothing overlaps.
        part(a, b, 0.7 - 0.6 * cool);
      }
    }
    for (const node of nodes) inside(node, width);
  }
  // The picture is as high as it needs to be, its nodes in the middle of its width.
  const edges = (side, size) => [Math.min(...nodes.map((node) => node[side] - node[size] / 2)), Math.max(...nodes.map((node) => node[side] + node[size] / 2))];
  const [[left, right], [top, bottom]] = [edges('x', 'w'), edges('y', 'h')];
  for (const node of nodes) {
    node.x += (width - left - right) / 2;
    node.y += MARGIN - top;
  }
  return bottom - top + 2 * MARGIN;
}
