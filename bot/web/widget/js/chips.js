// What was heard, as chips; each can be taken out.
import { el, fill } from './dom.js';
import { icon } from './icons.js';

const MOST_WORDS = 8;

export function drawChips(place, { text, talk }) {
  const held = place.getRootNode().activeElement?.dataset.label, kept = labelsOf(talk.interest);
  place.hidden = !kept.length;
  place.replaceChildren(...kept.map(({ label, kind }) => {
    const spoken = kind === 'refusal' ? `${text.not} ${label}` : label;
    return el('li', { class: kind }, el('button', { type: 'button', 'data-label': label, 'aria-label': fill(text.drop, { what: spoken }), onclick: () => talk.drop(label) },
      kind === 'refusal' ? el('s', {}, label) : el('span', {}, label), icon('dislike')));
  }));
  // The focus was on one that is gone.
  if (held && kept.length) place.querySelector('button').focus();
}

function labelsOf(interest) {
  if (!interest) return [];
  const words = interest.threads.flatMap(({ words: heard, weight }) => heard.map((word) => ({ label: word.text, heavy: word.weight * weight })));
  const kept = [
    ...interest.constraints.map(({ text: label }) => ({ label, kind: 'limit' })),
    ...interest.refusals.map(({ text: label }) => ({ label, kind: 'refusal' })),
    ...words.sort((a, b) => b.heavy - a.heavy).slice(0, MOST_WORDS).map(({ label }) => ({ label, kind: 'word' })),
  ];
  // A limit is often a word too; as a limit it says more.
  return kept.filter(({ label }, i) => kept.findIndex((one) => one.label === label) === i);
}
