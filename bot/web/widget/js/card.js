// What a card shows of an item of the interface, small enough to be kept.
import { webAddress } from './dom.js';

const MOST_TAGS = 3;

export function cardOf({ id, title, domain, category, brand, year, price, currency, tags, url, image_url: image, because, attributes }) {
  return {
    id, title, domain, price, currency,
    kind: category || '',
    by: [brand, year].filter(Boolean).join(' · '),
    tags: (tags || []).slice(0, MOST_TAGS),
    url: webAddress(url),
    image: webAddress(image),
    because: (because || []).map(({ text }) => text),
    colour: String(attributes?.color || ''),
  };
}
