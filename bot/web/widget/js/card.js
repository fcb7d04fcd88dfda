// What a card shows of an item of the interface, small enough to be kept.
import { webAddress } from './dom.js';
import { priceOf } from './i18n.js';

const MOST_TAGS = 3;
const HUES = [[/红|red|burgundy/, 25], [/粉|pink/, 0], [/橙|orange|棕|brown|咖|coffee/, 55], [/卡其|khaki|米|beige|黄|yellow|金|gold/, 90],
  [/绿|green|olive/, 145], [/青|teal|cyan/, 200], [/蓝|navy|blue/, 255], [/紫|purple|lilac/, 305]];
const SHAPES = { trousers: /裤|jeans|trousers|pants|shorts/, shoes: /鞋|靴|shoes|boots|sneakers/, dress: /裙|dress|skirt/ };

export function cardOf(item, lang) {
  return {
    id: item.id,
    title: item.title,
    kind: item.category || '',
    price: priceOf(item.price, item.currency, lang),
    by: [item.brand, item.year].filter(Boolean).join(' · '),
    tags: (item.tags || []).slice(0, MOST_TAGS),
    url: webAddress(item.url),
    image: webAddress(item.image_url),
    because: (item.because || []).map(({ text }) => text),
    glyph: glyphOf(item),
    hue: hueOf(item),
  };
}

function glyphOf({ domain, category }) {
  const kind = (category || '').toLowerCase();
  return (domain === 'clothing' && Object.keys(SHAPES).find((shape) => SHAPES[shape].test(kind))) || domain;
}

// Near the colour the item comes in, else one that its id picks.
function hueOf({ id, attributes = {} }) {
  const pick = [...id].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) % 997, 7);
  const colour = String(attributes.color || '').toLowerCase();
  const named = HUES.find(([words]) => words.test(colour));
  return named ? (named[1] + (pick % 37) + 342) % 360 : pick % 360;
}
