// "Why this?": what the score is made of, what would be without each thing that was heard, and a way to object.
import { el, fill } from './dom.js';
import { icon } from './icons.js';

const MOST_CHANGES = 4, LEAST_SHARE = 0.01;
const percent = (share) => `${Math.round(100 * Math.min(1, Math.abs(share)))}%`;

export function whyButton(view, card) {
  const { text } = view;
  const button = el('button', { type: 'button', class: 'act why', 'aria-expanded': 'false', 'aria-label': fill(text.for, { act: text.why, title: card.title }) }, text.why);
  button.addEventListener('click', async () => {
    const shown = button.closest('.card').querySelector('.whys');
    button.setAttribute('aria-expanded', !shown);
    if (shown) return shown.remove();
    const place = el('div', { class: 'whys', role: 'status', 'aria-busy': 'true' }, text.weighing);
    button.closest('.card').append(place);
    try {
      place.replaceChildren(...drawWhy(view, await view.talk.why(card.id)));
    } catch {
      place.textContent = text.wrong;
    }
    place.removeAttribute('aria-busy');
    return place.scrollIntoView({ block: 'nearest', behavior: 'smooth' });
  });
  return button;
}

function drawWhy(view, why) {
  const { text } = view, parts = why.parts.filter(({ share }) => Math.abs(share) >= LEAST_SHARE);
  const changes = why.without.filter((change) => telling(change, why)).slice(0, MOST_CHANGES);
  return [
    el('h4', {}, text.parts, why.rank && el('span', {}, fill(text.rank, why))),
    el('ul', {}, ...parts.map((part) => bar(part, text))),
    changes.length ? el('h4', {}, text.without) : el('p', {}, why.because.length ? '' : text.nothing),
    el('ul', { class: 'changes' }, ...changes.map((change) => el('li', {}, el('span', {}, sentence(change, why, text)), objection(view, change)))),
  ];
}

const telling = (change, why) => ['word', 'limit', 'refusal'].includes(change.kind) && (change.rank !== why.rank || change.instead || change.score < why.score - 1e-4);

function bar({ label, share }, text) {
  const meter = el('i', { class: share < 0 ? 'against' : '' });
  meter.style.setProperty('--share', percent(share));
  return el('li', {}, el('span', {}, label, share < 0 && ` (${text.against})`), el('span', {}, percent(share)), meter);
}

function sentence(change, why, text) {
  const how = change.rank == null ? text.gone : change.rank === why.rank ? text.still : text.moved;
  return fill(how, change);
}

function objection(view, { label }) {
  const { text } = view;
  return el('button', { type: 'button', class: 'pill', 'aria-label': fill(text.for, { act: text.object, title: label }), onclick: () => view.talk.drop(label) }, icon('dislike'), text.object);
}
