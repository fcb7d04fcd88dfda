// How the interest drifted: a stream through the turns, one band a thread, as wide as its weight was.
const STREAM = { height: 76, edge: 3, most: 36 };                        // pixels; `most`: of a band of weight 1

function smooth(points) {
  return points.slice(1).map(([x, y], i) => {
    const middle = (points[i][0] + x) / 2;
    return `C${middle} ${points[i][1]} ${middle} ${y} ${x} ${y}`;
  }).join('');
}

// [from, to] of each thread's band at each turn, the whole stream centred.
function bands(drift) {
  const turns = drift[0].length, most = Math.max(...Array.from({ length: turns }, (_, turn) => drift.reduce((sum, one) => sum + one[turn], 0)), 0.01);
  const scale = Math.min((STREAM.height - 2 * STREAM.edge) / most, STREAM.most);
  const at = Array.from({ length: turns }, (_, turn) => STREAM.height / 2 - drift.reduce((sum, one) => sum + one[turn], 0) * scale / 2);
  return drift.map((one) => one.map((weight, turn) => {
    const from = at[turn];
    at[turn] += weight * scale;
    return [from, at[turn]];
  }));
}

function drawDrift(drift, names, hueOf, width) {
  if (!drift.length || drift[0].length < 2 || drift.length + drift[0].length < 4) return null;
  const turns = drift[0].length, x = (turn) => 6 + turn * (width - 12) / (turns - 1);
  const picture = svg(`0 0 ${width} ${STREAM.height}`, [], { class: 'zy-stream', width, height: STREAM.height });
  bands(drift).forEach((band, strand) => {
    const path = document.createElementNS(SVG, 'path');
    const top = band.map(([from], turn) => [x(turn), from]), bottom = band.map(([, to], turn) => [x(turn), to]).reverse();
    path.setAttribute('d', `M${top[0]}${smooth(top)}L${bottom[0]}${smooth(bottom)}Z`);
    path.style.setProperty('--hue', hueOf(strand));
    picture.append(path);
    // The band is named where it is widest, rather not at the edge.
    const room = band.map(([from, to], turn) => to - from - (turn % (turns - 1) ? 0 : 6));
    const widest = room.flatMap((here, turn) => (here > Math.max(...room) - 1 ? [turn] : []));
    const turn = widest[Math.floor(widest.length / 2)], wide = band[turn][1] - band[turn][0];
    const name = text.domains[names.get(strand)?.domain] || names.get(strand)?.domain;
    if (wide < 17 || !name) return;
    const label = document.createElementNS(SVG, 'text');
    label.textContent = name;
    label.style.setProperty('--hue', hueOf(strand));
    label.setAttribute('x', Math.min(Math.max(x(turn), 30), width - 30));
    label.setAttribute('y', (band[turn][0] + band[turn][1]) / 2);
    picture.append(label);
  });
  const told = Array.from({ length: turns }, (_, turn) => fill(text.driftTurn, {
    turn: turn + 1,
    what: drift.map((one, strand) => [names.get(strand)?.label, one[turn]]).filter(([name, weight]) => name && weight >= 0.05)
      .map(([name, weight]) => `${name} ${percent(weight)}`).join(text.unmetSep) || text.driftNothing,
  }));
  const marks = el('ol', { class: 'zy-stream-turns', 'aria-hidden': 'true' },
    ...Array.from({ length: turns }, (_, turn) => el('li', {}, turns > 12 && turn % 2 ? '' : String(turn + 1))));
  return el('figure', { class: 'zy-drift' }, el('figcaption', {}, text.drift),
    el('div', { role: 'img', 'aria-label': told.join(text.driftSep) }, picture), marks);
}
