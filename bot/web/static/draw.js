// Draws turns and cards. Whatever comes from outside becomes a text node, never markup.
const SVG = 'http://www.w3.org/2000/svg';
const ICONS = {
  like: 'M12 20s-7.5-4.6-7.5-10A4.3 4.3 0 0 1 12 7.3 4.3 4.3 0 0 1 19.5 10C19.5 15.4 12 20 12 20Z',
  dislike: 'm6.5 6.5 11 11m0-11-11 11',
  details: 'm6 9.5 6 6 6-6',
  open: 'M9 6h9v9m0-9L6 18',
};

let text = {};                                   // the labels in the page's language
const fill = (pattern, values) => pattern.replace(/\{(\w+)\}/g, (_, name) => values[name]);

function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== '' && value != null) node.setAttribute(name, value);
  node.append(...children.filter((child) => child !== '' && child != null));
  return node;
}

function svg(box, paths, attributes = {}) {
  const node = document.createElementNS(SVG, 'svg');
  for (const [name, value] of Object.entries({ viewBox: box, 'aria-hidden': 'true', ...attributes })) node.setAttribute(name, value);
  for (const d of paths) {
    const path = document.createElementNS(SVG, 'path');
    path.setAttribute('d', d);
    node.append(path);
  }
  return node;
}

// Only what changed touches the page: a card that stands is never built again while its words stream in.
function write(node, words) {
  if (node.textContent !== words) node.textContent = words;
}

function picture(card) {
  const drawn = () => svg('0 0 48 48', props.glyphs[card.glyph] || props.glyphs.general, { class: 'zy-glyph' });
  const frame = el('div', { class: 'zy-picture' });
  frame.style.setProperty('--hue', card.hue);
  frame.style.setProperty('--colour', card.colour);
  if (!card.image) return frame.append(drawn()), frame;
  const image = el('img', { src: card.image, alt: '', loading: 'lazy', referrerpolicy: 'no-referrer' });
  image.addEventListener('error', () => image.replaceWith(drawn()), { once: true });
  frame.append(image);
  return frame;
}

function act(kind, card, attributes = {}) {
  const tag = attributes.href ? 'a' : 'button';
  const spoken = fill(kind === 'open' ? text.newTab : text.for, { act: text[kind], title: card.title });
  return el(tag, { class: `zy-act zy-act-${kind}`, 'data-act': kind, title: text[kind], 'aria-label': spoken, ...(tag === 'button' && { type: 'button' }), ...attributes },
    svg('0 0 24 24', [ICONS[kind]]), el('span', {}, text[kind]));
}

function drawCard(card) {
  const kind = [text.domains[card.domain] || card.domain, card.category].filter((part, i, all) => part && all.indexOf(part) === i);
  const details = el('div', { class: 'zy-details', hidden: 'hidden' },
    card.description && el('p', {}, card.description),
    card.facts.length ? el('dl', {}, ...card.facts.map(([name, value]) => el('div', {}, el('dt', {}, name), el('dd', {}, value)))) : '');
  return el('article', { class: 'zy-card', 'data-id': card.id, 'aria-label': card.title },
    picture(card),
    el('div', { class: 'zy-face' },
      el('p', { class: 'zy-kind' }, kind.join(' · ')),
      el('h3', {}, card.title),
      el('p', { class: 'zy-meta' },
        card.price && el('span', { class: 'zy-price' }, card.price),
        card.brand && el('span', {}, card.brand),
        card.year && el('span', {}, card.year)),
      card.tags.length ? el('ul', { class: 'zy-tags' }, ...card.tags.map((tag) => el('li', {}, tag))) : ''),
    el('div', { class: 'zy-words' },
      el('p', { class: 'zy-line' }),
      card.because.length ? el('ul', { class: 'zy-because' }, ...card.because.map((reason) => el('li', {}, reason))) : '',
      whyButton(card)),
    details,
    el('div', { class: 'zy-acts' },
      act('like', card, { 'aria-pressed': 'false' }),
      act('dislike', card, { 'aria-pressed': 'false' }),
      act('details', card, { 'aria-expanded': 'false' }),
      card.url && act('open', card, { href: card.url, target: '_blank', rel: 'noopener noreferrer' })));
}

function newTurn(turn) {
  return el('div', { class: 'zy-turn', 'data-key': turn.key, 'data-kind': turn.kind },
    turn.said ? el('p', { class: 'zy-said' }, turn.said) : el('p', { class: 'zy-caption' }, text.captions[turn.kind]),
    el('div', { class: 'zy-reply' },
      el('p', { class: 'zy-unmet', hidden: 'hidden' }),
      el('p', { class: 'zy-opening' }),
      el('div', { class: 'zy-cards' }),
      el('div', { class: 'zy-question', role: 'group', hidden: 'hidden' }),
      el('p', { class: 'zy-brief', title: text.briefWhy, hidden: 'hidden' }, text.brief),
      el('p', { class: 'zy-end', hidden: 'hidden' })));
}

// Brings a turn's drawing to what the turn is now. Cards are drawn once, then only their lines grow.
function drawTurn(node, turn) {
  const part = (name) => node.querySelector(`.zy-${name}`);
  const waiting = turn.state === 'pending';
  const opening = part('opening');
  write(opening, turn.words.opening || '');
  if (waiting) {
    part('reply').setAttribute('aria-busy', 'true');
    opening.toggleAttribute('data-waiting', !turn.words.opening);
    if (!turn.words.opening) opening.dataset.waiting = text.thinking;
  }
  // What is missing is said by the opening, or else beside it.
  const unmet = part('unmet'), said = turn.words.opening || '';
  unmet.hidden = waiting || turn.unmet.every((wish) => said.includes(wish));
  write(unmet, turn.unmet.length ? fill(text.unmet, { what: turn.unmet.join(text.unmetSep) }) : '');
  const cards = part('cards');
  if (!cards.children.length) cards.append(...turn.cards.map(drawCard));
  cards.hidden = !turn.cards.length;
  for (const card of cards.children) {
    const line = card.querySelector('.zy-line');
    write(line, turn.words[card.dataset.id] || '');
    line.classList.toggle('zy-coming', !line.textContent);
  }
  drawQuestion(part('question'), turn);
  drawEnd(node, turn);
}

// A question's answers are whole messages: a tap says one. The question itself is shown where no words ask it.
function drawQuestion(place, turn) {
  const asked = turn.question;
  const told = asked && (turn.words.opening || '').includes(asked.text);
  place.hidden = !asked || (told && !asked.answers.length) || answered(turn);
  if (place.hidden) return place.replaceChildren();
  place.setAttribute('aria-label', asked.text);
  if (!place.firstChild) place.append(el('p', {}, asked.text), el('ul', {}, ...asked.answers.map((answer) => el('li', {}, el('button', { type: 'button', 'data-wish': answer }, answer)))));
  place.firstChild.hidden = told;
}

function drawEnd(node, turn) {
  node.dataset.state = turn.state;
  const end = node.querySelector('.zy-end'), opening = node.querySelector('.zy-opening');
  end.hidden = !turn.error && turn.state !== 'stopped';
  end.classList.toggle('zy-error', Boolean(turn.error));
  write(end, turn.error || (turn.state === 'stopped' ? text.stopped : ''));
  node.querySelector('.zy-brief').hidden = !turn.brief;
  if (turn.state === 'pending') return;
  opening.removeAttribute('data-waiting');
  opening.hidden = !opening.textContent;
  node.querySelector('.zy-reply').setAttribute('aria-busy', 'false');
  for (const line of node.querySelectorAll('.zy-line')) {
    line.classList.remove('zy-coming');
    line.hidden = !line.textContent;
  }
}
