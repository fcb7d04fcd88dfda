// Draws turns: what was said, and the reply with its cards.
import { el, fill, write } from './dom.js';
import { drawCard, drawLine } from './cards.js';

export function drawTurn(view, node, turn) {
  const { text } = view, part = (name) => node.querySelector(`.${name}`);
  if (!node.firstChild) {
    node.append(
      turn.said ? el('p', { class: 'said' }, turn.said) : el('p', { class: 'caption' }, text[turn.kind]),
      el('div', { class: 'reply' }, el('p', { class: 'opening' }), el('p', { class: 'unmet' }), el('div', { class: 'cards' }), el('div', { class: 'question' }), el('p', { class: 'end' })));
  }
  const pending = turn.state === 'pending', words = turn.words.opening || '';
  node.dataset.state = turn.state;
  part('reply').setAttribute('aria-busy', pending);
  write(part('opening'), words || (pending ? text.thinking : ''));
  part('opening').classList.toggle('waiting', pending && !words);
  part('opening').hidden = !pending && !words;
  // What is missing is said by the opening, or else beside it.
  const unmet = pending ? [] : (turn.unmet || []).filter((wish) => !words.includes(wish));
  part('unmet').hidden = !unmet.length;
  write(part('unmet'), unmet.length ? fill(text.unmet, { what: unmet.join(text.sep) }) : '');
  if (part('cards').dataset.slate !== turn.slate) {
    part('cards').dataset.slate = turn.slate;
    part('cards').replaceChildren(...turn.cards.map((card) => drawCard(view, card, turn)));
    view.press(node);
  }
  for (const card of part('cards').children) drawLine(card, turn);
  const last = view.talk.turns.at(-1) === turn;
  drawQuestion(view, part('question'), last && !pending && turn.question, words);
  drawEnd(view, part('end'), turn, last);
}

// A question's answers are whole messages: a tap says one. The question itself is shown where no words ask it.
function drawQuestion(view, place, asked, words) {
  place.hidden = !asked;
  place.replaceChildren(...(asked ? [words.includes(asked.text) ? '' : el('p', {}, asked.text), wishes(view, asked.answers, asked.text)] : []));
}

export function wishes(view, said, label) {
  return el('ul', { class: 'wishes', 'aria-label': label }, ...said.map((wish) => el('li', {}, el('button', { type: 'button', class: 'pill', onclick: () => view.say(wish) }, wish))));
}

function drawEnd(view, place, turn, last) {
  const { text } = view;
  place.hidden = turn.state !== 'stopped';
  if (place.hidden) return place.replaceChildren();
  const told = turn.detail || text[turn.problem] || text.stopped;
  const again = last && turn.said && turn.problem !== 'refused' && el('button', { type: 'button', class: 'pill', onclick: () => view.talk.ask(turn) }, text.again);
  return place.replaceChildren(el('span', {}, told), again || '');
}
