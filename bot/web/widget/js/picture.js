// The picture of an item, or where there is none a drawing: its shape by the kind of thing, its hue near the item's colour.
import { el, svg } from './dom.js';

export function picture(card, drawings) {
  const drawn = () => svg(48, drawings.glyphs[shapeOf(card, drawings)] || drawings.glyphs.general, 'glyph');
  const frame = el('span', { class: 'drawn' });
  frame.style.setProperty('--hue', hueOf(card, drawings));
  frame.append(card.image ? el('img', { src: card.image, alt: '', loading: 'lazy', referrerpolicy: 'no-referrer', onerror: (event) => event.target.replaceWith(drawn()) }) : drawn());
  return frame;
}

const firstOf = (words, told) => Object.keys(words).find((word) => new RegExp(word, 'i').test(told));

function shapeOf({ domain, kind }, { shapes }) {
  return (domain === 'clothing' && shapes[firstOf(shapes, kind)]) || domain;
}

// A little aside from the colour, so that neighbours differ; without one as the id has it.
function hueOf({ id, colour }, { hues }) {
  const pick = [...id].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) % 997, 7), named = firstOf(hues, colour);
  return named ? (hues[named] + (pick % 37) + 342) % 360 : pick % 360;
}
