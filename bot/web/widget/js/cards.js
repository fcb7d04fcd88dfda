// Draws a card: the item, the words on it, why it is there, and what can be done with it.
import { el, fill, write } from './dom.js';
import { priceOf } from './i18n.js';
import { icon } from './icons.js';
import { picture } from './picture.js';
import { whyButton } from './why.js';

export function drawCard(view, told, turn) {
  const { text } = view, card = { ...told, url: told.url || view.chat.addressOf(told) }, price = priceOf(card, text);
  const node = el('article', { class: 'card', 'data-id': card.id, 'aria-label': card.title },
    link(view, card, turn, { class: 'picture', tabindex: '-1', 'aria-hidden': 'true' }, picture(card, view.drawings)),
    el('div', { class: 'face' },
      card.kind && el('p', { class: 'kind' }, card.kind),
      el('h3', {}, link(view, card, turn, {}, card.title)),
      el('p', { class: 'meta' }, price && el('b', {}, price), card.by && el('span', {}, card.by)),
      card.tags.length ? el('p', { class: 'tags' }, ...card.tags.map((tag) => el('span', {}, tag))) : ''),
    el('div', { class: 'words' },
      el('p', { class: 'line' }),
      card.because.length ? el('ul', { class: 'because' }, ...card.because.map((reason) => el('li', {}, reason))) : ''),
    el('div', { class: 'acts' },
      ...['like', 'dislike'].map((kind) => el('button', {
        type: 'button', class: 'act', 'data-act': kind, 'aria-pressed': 'false', 'aria-label': fill(text.for, { act: text[kind], title: card.title }),
        onclick: () => view.talk.press(card, kind, turn),
      }, icon(kind), el('span', {}, text[kind]))),
      whyButton(view, card),
      card.url && link(view, card, turn, { class: 'act go', 'aria-label': spoken(view, card, true), title: text.open }, icon('open'))));
  view.sees(node, (turn || view.talk.welcome).slate, told);
  return node;
}

const outside = (url) => new URL(url).origin !== location.origin;

function spoken({ text }, card, act) {
  const title = outside(card.url) ? fill(text.newTab, card) : card.title;
  return act ? fill(text.for, { act: text.open, title }) : title;
}

// Links of the site's own stay in its window; the conversation goes along.
function link(view, card, turn, attributes, face) {
  if (!card.url) return el('span', attributes, face);
  const away = outside(card.url);
  return el('a', {
    href: card.url, rel: 'noopener noreferrer', target: away ? '_blank' : '', 'aria-label': spoken(view, card), ...attributes,
    onclick: (event) => { if (!view.talk.click(card, turn)) event.preventDefault(); },
  }, face);
}

// The words that have come for it, or that they are coming.
export function drawLine(node, turn) {
  const line = node.querySelector('.line'), words = turn.words[node.dataset.id] || '';
  write(line, words);
  line.classList.toggle('coming', !words && turn.state === 'pending');
  line.hidden = !words && turn.state !== 'pending';
}
