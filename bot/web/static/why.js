// "Why this?": the small window of a card. The parts of its score as bars, the words it came from, what would be
// without each thing that was heard, and a way to object to it.
const asking = { button: null, key: '', pop: null };
const ORDINALS = { one: 'st', two: 'nd', few: 'rd', other: 'th' }, ordinal = new Intl.PluralRules('en', { type: 'ordinal' });
const ranked = (rank) => (document.documentElement.lang === 'en' ? `${rank}${ORDINALS[ordinal.select(rank)]}` : String(rank));

function whyButton(card) {
  return el('button', { type: 'button', class: 'zy-why', 'data-act': 'why', 'aria-haspopup': 'dialog', 'aria-expanded': 'false',
    'aria-label': fill(text.for, { act: text.why.ask, title: card.title }) }, text.why.ask);
}

function askWhy(button) {
  const again = asking.button === button;
  closeWhy(again);
  if (again) return;
  const card = button.closest('.zy-card');
  const pop = el('div', { class: 'zy-pop zy-why-pop', role: 'dialog', tabindex: '-1', 'aria-label': button.getAttribute('aria-label'), 'aria-busy': 'true' },
    el('p', { class: 'zy-why-wait' }, text.why.weighing));
  Object.assign(asking, { button, pop, key: crypto.getRandomValues(new Uint32Array(2)).join('-') });
  button.setAttribute('aria-expanded', 'true');
  card.closest('.zy-reply').append(pop);
  placeWhy();
  pop.focus({ preventScroll: true });
  trigger('why', { session_id: session, item_id: card.dataset.id, key: asking.key });
}

// Under its button where there is room in the talk, else above it.
function placeWhy() {
  const { button, pop } = asking, reply = pop.parentElement.getBoundingClientRect(), at = button.getBoundingClientRect();
  const view = log.getBoundingClientRect(), below = at.bottom + 6, above = at.top - 6 - pop.offsetHeight;
  const left = Math.max(0, Math.min(at.left - reply.left - 8, reply.width - pop.offsetWidth));
  pop.style.left = `${left}px`;
  pop.style.top = `${(below + pop.offsetHeight > view.bottom && above > view.top ? above : below) - reply.top}px`;
  pop.scrollIntoView({ block: 'nearest', behavior: still.matches ? 'auto' : 'smooth' });
}

function closeWhy(giveBack) {
  const { button, pop } = asking;
  if (!pop) return;
  const held = pop.contains(document.activeElement);
  pop.remove();
  Object.assign(asking, { button: null, pop: null, key: '' });
  button.setAttribute('aria-expanded', 'false');
  if ((giveBack || held) && button.isConnected) button.focus({ preventScroll: true });
}

function bar({ label, share }) {
  const line = el('li', { class: share < 0 ? 'zy-bar zy-bar-against' : 'zy-bar' },
    el('span', { class: 'zy-bar-name' }, share < 0 ? fill(text.why.part, { label, share: text.why.against }) : label),
    el('span', { class: 'zy-bar-share' }, `${share < 0 ? '−' : ''}${percent(Math.abs(share))}`),
    el('span', { class: 'zy-meter', 'aria-hidden': 'true' }, el('i')));
  line.querySelector('i').style.width = percent(Math.abs(share));
  return line;
}

// What would be without it, as a sentence; the item that would stand there is named where there is one.
function consequence(change, rank) {
  const { kind, label, instead } = change, now = change.rank === rank && !instead;
  const how = kind === 'liked' ? (change.rank == null ? 'likedGone' : 'liked') : change.rank == null ? 'gone' : now ? 'still' : 'first';
  const told = fill(text.why[how], { label, rank: change.rank == null ? '' : ranked(change.rank) });
  return instead ? told + fill(text.why.instead, { title: instead.title }) : told;
}

function objection(change) {
  const liked = change.kind === 'liked', own = !liked || ['like', 'dislike'].includes(pressedNow[change.item_id]);
  const act = liked ? 'takeBack' : change.kind === 'word' ? 'object' : 'drop';
  return own && el('button', { type: 'button', 'data-object': liked ? '' : change.label, 'data-liked': change.item_id, 'aria-label': fill(text.for, { act: text.why[act], title: change.label }) }, text.why[act]);
}

function drawWhy(why) {
  if (!asking.pop || why.key !== asking.key) return;
  const { pop } = asking;
  pop.removeAttribute('aria-busy');
  if (why.error) return pop.replaceChildren(el('p', { class: 'zy-why-wait' }, why.error));
  const told = why.rank == null ? '' : fill(text.why.rank, { rank: ranked(why.rank) });
  pop.replaceChildren(
    el('div', { class: 'zy-pop-kind' }, el('span', {}, told), el('button', { type: 'button', class: 'zy-why-close', 'data-unask': '1', 'aria-label': text.why.close }, svg('0 0 24 24', ['m6 6 12 12M18 6 6 18']))),
    el('p', { class: 'zy-pop-text' }, why.title),
    why.moved ? el('p', { class: 'zy-why-note' }, text.why.moved) : '',
    el('h4', {}, text.why.parts),
    el('ul', { class: 'zy-bars' }, ...why.parts.map(bar)),
    ...why.said.map(([nth, sentence]) => el('figure', { class: 'zy-pop-from' }, el('blockquote', {}, ...marked(sentence, why)), el('figcaption', {}, fill(text.fromMessage, { nth })))),
    ...(why.without.length ? [
      el('h4', {}, text.why.without),
      el('ul', { class: 'zy-without' }, ...why.without.map((change) => el('li', { class: `zy-without-${change.kind}` }, el('span', {}, consequence(change, why.rank)), objection(change) || ''))),
    ] : why.said.length ? [] : [el('p', { class: 'zy-why-note' }, text.why.nothing)]));
  placeWhy();
  if (document.activeElement === pop) pop.querySelector('[data-unask]').focus({ preventScroll: true });
}

// The visitor's sentence, with the words in it that were heard marked.
function marked(sentence, why) {
  const labels = why.marks.map((label) => label.toLowerCase()).sort((a, b) => b.length - a.length);
  const parts = [];
  let plain = '', at = 0;
  while (at < sentence.length) {
    const label = labels.find((one) => sentence.toLowerCase().startsWith(one, at));
    if (!label) { plain += sentence[at]; at += 1; continue; }
    parts.push(plain, el('mark', {}, sentence.slice(at, at + label.length)));
    plain = '';
    at += label.length;
  }
  return [...parts, plain].filter((part) => part !== '');
}

// Objecting takes back what it was for: the panel and a slate follow, as after any change by hand.
function object(button) {
  const { object: label, liked } = button.dataset;
  closeWhy(true);
  if (liked) trigger('press', { session_id: session, item_id: liked, kind: pressedNow[liked] });
  else trigger('edit', { session_id: session, act: 'remove', label });
}
