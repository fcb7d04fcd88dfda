// The interest panel: the picture of the interest, its windows, and how it drifted. The picture is a list of buttons
// laid over drawn circles and lines, so that it is read and used by ear and by keyboard as by eye.
const HUES = [38, 250, 152, 322, 88, 205], MOST_WORDS = 7, MOVE = 620;
const still = matchMedia('(prefers-reduced-motion: reduce)');
const percent = (share) => `${Math.round(100 * Math.max(0, Math.min(1, share)))}%`;
const hueOf = (strand) => (strand == null ? HUES[0] : HUES[strand % HUES.length]);
const graph = { places: new Map(), buttons: new Map(), marks: new Map(), shown: [], told: null, open: '', frame: 0, session: '' };

// All nodes of an interest, in reading order: each thread, its words, then refusals, limits and items.
function nodesOf(heard) {
  const keys = new Map(), threadKeys = new Map();
  const key = (wish) => { const n = (keys.get(wish) || 0) + 1; keys.set(wish, n); return n > 1 ? `${wish}/${n}` : wish; };
  const nodes = [];
  for (const thread of heard.threads) {
    const own = key(`thread ${thread.strand}`);
    threadKeys.set(thread.strand, own);
    nodes.push({ ...thread, key: own, kind: 'thread', text: thread.label, share: thread.weight, parent: null, heavy: thread.weight });
    const most = Math.max(...thread.words.map((word) => word.weight), 0.01);
    const room = Math.round(3 + (MOST_WORDS - 3) * thread.weight);
    // What is a limit already is not drawn as a word once more.
    const limits = new Set(heard.limits.filter((limit) => limit.strand === thread.strand).map((limit) => limit.text));
    const words = thread.words.filter((word, rank) => (rank < room || word.pinned) && !limits.has(word.text));
    for (const word of words) nodes.push({ ...word, key: key(`word ${thread.strand} ${word.text}`), kind: 'word', share: word.weight / most, strand: thread.strand, parent: own, heavy: thread.weight, source: thread.source });
  }
  const hang = (kind) => (one) => nodes.push({ ...one, key: key(`${kind} ${one.id || one.text}`), kind, parent: threadKeys.get(one.strand) || null });
  heard.refusals.forEach(hang('refusal'));
  heard.limits.forEach(hang('limit'));
  heard.items.forEach(hang('item'));
  for (const node of nodes) node.name = nameOf(node, heard);
  return nodes;
}

function nameOf(node, heard) {
  const kind = node.kind === 'item' ? text[node.liked ? 'likedItem' : 'passedItem'] : text.kinds[node.kind];
  const [nth] = heard.said[node.turn_id] || [];
  return [fill(text.nodeName, { kind, text: node.text }), 'share' in node && fill(text.weight, { share: percent(node.share) }),
    node.pinned && text.pinned, nth ? fill(text.fromMessage, { nth }) : node.source === 'profile' && text.fromEarlier].filter(Boolean).join(text.nameSep);
}

function drawNode(node) {
  const button = el('button', { type: 'button', class: `zy-node zy-node-${node.kind}`, 'data-node': node.key, 'aria-haspopup': 'dialog', 'aria-expanded': 'false' });
  return button;
}

function dress(button, node) {
  button.setAttribute('aria-label', node.name);
  button.style.setProperty('--hue', hueOf(node.strand));
  button.style.setProperty('--share', node.share ?? 0.4);
  button.style.setProperty('--heavy', node.heavy ?? 0.6);
  button.toggleAttribute('data-pinned', Boolean(node.pinned));
  button.toggleAttribute('data-earlier', node.source === 'profile');
  if (node.kind === 'item') button.dataset.liked = node.liked;
  const face = node.kind === 'thread'
    ? [svg('0 0 48 48', props.glyphs[node.domain] || props.glyphs.general), el('span', {}, text.domains[node.domain] || node.domain || node.words[0]?.text || '')]
    : [node.kind === 'refusal' || (node.kind === 'item' && !node.liked) ? el('s', {}, node.text) : el('span', {}, node.text)];
  if (node.kind === 'item') face.unshift(svg('0 0 24 24', [ICONS[node.liked ? 'like' : 'dislike']]));
  if (button.textContent !== face.map((part) => part.textContent).join('') || !button.firstChild) button.replaceChildren(...face);
  if (node.kind === 'thread') {
    const size = 44 + 44 * Math.sqrt(node.share);
    button.style.width = button.style.height = `${size}px`;
    button.style.setProperty('--size', size);
  }
}

// Puts children in order and moves only those out of it: a node that is moved would lose the keyboard's focus.
function inOrder(parent, children) {
  children.forEach((child, i) => { if (parent.children[i] !== child) parent.insertBefore(child, parent.children[i] || null); });
  while (parent.children.length > children.length) parent.lastElementChild.remove();
}

function list(canvas, nodes) {
  const held = document.activeElement, entries = [];
  let words = null;
  for (const node of nodes) {
    const button = graph.buttons.get(node.key) || drawNode(node);
    graph.buttons.set(node.key, button);
    dress(button, node);
    const entry = button.parentElement || el('li', {}, button);
    if (node.kind === 'word') words.push(entry);
    else entries.push([entry, words = []]);
  }
  for (const [entry, inner] of entries) {
    let sub = entry.querySelector('ul');
    if (!sub && inner.length) entry.append(sub = el('ul'));
    if (sub) inOrder(sub, inner);
  }
  inOrder(canvas.querySelector('.zy-nodes'), entries.map(([entry]) => entry));
  if (held !== document.activeElement && held?.isConnected) held.focus({ preventScroll: true });
}

// The picture of what is heard. Nodes keep their places from turn to turn; new ones come out of their thread.
function drawGraph(canvas, nodes) {
  const width = canvas.clientWidth;
  if (!width) return;
  const held = document.activeElement.dataset.node;
  list(canvas, nodes);
  const boxes = nodes.map((node) => {
    const button = graph.buttons.get(node.key), before = graph.places.get(node.key);
    return { key: node.key, parent: node.parent, w: button.offsetWidth, h: button.offsetHeight, x: before?.x, y: before?.y, placed: Boolean(before) };
  });
  canvas.style.height = `${nodes.length ? arrange(boxes, width, heightFor(boxes, width)) : 0}px`;
  const kept = new Set(nodes.map((node) => node.key)), order = graph.shown.map((node) => node.key);
  const lost = order.findIndex((key) => key === held && !kept.has(key));
  for (const [key, button] of graph.buttons) {
    if (kept.has(key)) continue;
    button.closest('li')?.remove();
    graph.buttons.delete(key);
    graph.places.delete(key);
  }
  // The keyboard goes on from where the node was that is gone.
  if (lost >= 0) (graph.buttons.get(order.slice(lost).find((key) => kept.has(key))) || find('.zy-heard h2')).focus({ preventScroll: true });
  graph.shown = nodes;
  move(canvas, boxes);
}

// Glides every node from where it is to where it belongs, its circle and its line with it.
function move(canvas, boxes) {
  cancelAnimationFrame(graph.frame);
  const goals = new Map(boxes.map((box) => [box.key, box]));
  const starts = new Map(boxes.map((box) => {
    const parent = graph.places.get(box.parent) || goals.get(box.parent) || box;
    return [box.key, graph.places.get(box.key) || { x: parent.x, y: parent.y, r: 0, seen: 0 }];
  }));
  const began = performance.now();
  const step = (now) => {
    const time = still.matches ? 1 : Math.max(0, Math.min(1, (now - began) / MOVE)), eased = 1 - (1 - time) ** 3;
    for (const box of boxes) {
      const from = starts.get(box.key), mix = (a, b) => a + (b - a) * eased;
      graph.places.set(box.key, { x: mix(from.x, box.x), y: mix(from.y, box.y), r: mix(from.r, box.w / 2), seen: mix(from.seen, 1) });
    }
    paint(canvas, time < 1);
    if (time < 1) graph.frame = requestAnimationFrame(step);
  };
  step(still.matches ? Infinity : began);
}

function shape(layer, tag, key) {
  const id = `${tag} ${key}`;
  if (!graph.marks.has(id)) graph.marks.set(id, layer.appendChild(document.createElementNS(SVG, tag)));
  return graph.marks.get(id);
}

function paint(canvas, moving) {
  const [lines, circles] = canvas.querySelectorAll('svg > g'), used = new Set();
  for (const node of graph.shown) {
    const at = graph.places.get(node.key), button = graph.buttons.get(node.key);
    const [left, top] = [at.x - button.offsetWidth / 2, at.y - button.offsetHeight / 2].map((place) => (moving ? place.toFixed(1) : Math.round(place)));
    button.style.transform = `translate(${left}px, ${top}px)`;
    button.style.opacity = at.seen;
    const hub = graph.places.get(node.parent);
    const mark = shape(hub ? lines : circles, hub ? 'path' : 'circle', node.key);
    used.add(mark);
    mark.style.setProperty('--hue', hueOf(node.strand));
    mark.style.setProperty('--heavy', node.heavy ?? 0.6);
    mark.style.setProperty('--share', node.share ?? 0.4);
    mark.setAttribute('class', `zy-mark-${node.kind}${node.source === 'profile' ? ' zy-mark-earlier' : ''}${node.pinned ? ' zy-mark-pinned' : ''}`);
    if (hub) {
      const bend = { x: (at.x - hub.x) * 0.12, y: (at.y - hub.y) * 0.12 };
      mark.setAttribute('d', `M${hub.x} ${hub.y}Q${(hub.x + at.x) / 2 - bend.y} ${(hub.y + at.y) / 2 + bend.x} ${at.x} ${at.y}`);
    } else if (node.kind === 'thread') {
      for (const [name, value] of [['cx', at.x], ['cy', at.y], ['r', at.r]]) mark.setAttribute(name, value);
    }
  }
  for (const [id, mark] of graph.marks) if (!used.has(mark)) { mark.remove(); graph.marks.delete(id); }
}

function mood(sentiment) {
  const bend = 5 * Math.max(-1, Math.min(1, sentiment));
  const how = sentiment > 0.15 ? text.moods[0] : sentiment < -0.15 ? text.moods[2] : text.moods[1];
  return [svg('0 0 24 16', [`M3 ${8 - bend / 2}Q12 ${8 + bend} 21 ${8 - bend / 2}`]), el('span', {}, how)];
}

// What a listener is told after a change: only what is new. What was there when the page opened is not.
function news(nodes) {
  const fresh = graph.told ? nodes.filter((node) => node.kind !== 'thread' && !graph.told.has(node.key)) : [];
  graph.told = new Set(nodes.map((node) => node.key));
  return fresh.length ? fill(text.newlyHeard, { what: fresh.map((node) => fill(text.nodeName, { kind: text.kinds[node.kind], text: node.text })).join(text.unmetSep) }) : '';
}

function drawHeard(panel, heard) {
  if (graph.session !== session) Object.assign(graph, { places: new Map(), told: null, session });
  const nodes = nodesOf(heard), canvas = panel.querySelector('.zy-graph');
  closePopover(false);
  panel.querySelector('.zy-quiet').hidden = Boolean(nodes.length);
  panel.querySelector('.zy-hint').hidden = !nodes.length;
  panel.querySelector('.zy-mood').replaceChildren(...(nodes.length ? mood(heard.sentiment) : []));
  drawGraph(canvas, nodes);
  write(find('.zy-news'), news(nodes));
  const names = new Map(heard.threads.map((thread) => [thread.strand, thread]));
  const drift = canvas.clientWidth ? drawDrift(heard.drift, names, hueOf, canvas.clientWidth) : null;
  panel.querySelector('.zy-drift-place').replaceChildren(...(drift ? [drift] : []));
}

function openPopover(key) {
  const panel = find('.zy-heard'), canvas = panel.querySelector('.zy-graph'), again = graph.open === key;
  closePopover(again);
  if (again) return;
  const node = graph.shown.find((one) => one.key === key), at = graph.places.get(key), button = graph.buttons.get(key);
  const pop = drawPopover(node, heardNow);
  graph.open = key;
  button.setAttribute('aria-expanded', 'true');
  canvas.append(pop);
  const low = at.y + button.offsetHeight / 2 + 8, high = at.y - button.offsetHeight / 2 - 8 - pop.offsetHeight;
  pop.style.left = `${Math.max(0, Math.min(at.x - pop.offsetWidth / 2, canvas.clientWidth - pop.offsetWidth))}px`;
  pop.style.top = `${low + pop.offsetHeight > canvas.clientHeight + 60 && high > -40 ? high : low}px`;
  (pop.querySelector('button') || pop).focus({ preventScroll: true });
  pop.scrollIntoView({ block: 'nearest', behavior: still.matches ? 'auto' : 'smooth' });
}

function closePopover(giveBack) {
  const pop = find('.zy-graph .zy-pop'), button = graph.buttons.get(graph.open);
  if (!pop) return;
  const held = pop.contains(document.activeElement);
  pop.remove();
  graph.open = '';
  button?.setAttribute('aria-expanded', 'false');
  if (giveBack || held) (button?.isConnected ? button : find('.zy-heard h2')).focus({ preventScroll: true });
}
