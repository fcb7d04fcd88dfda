// What only an open panel needs: its style, texts and drawings. It is loaded once a page and language.
import { moreIcons } from './icons.js';
import VERSION from '../version';

const faces = new Map();

export function faceOf(base, lang) {
  const address = `${base}widget/panel.${lang}.json?v=${VERSION}`;
  if (!faces.has(address)) faces.set(address, load(address).catch((error) => { faces.delete(address); throw error; }));
  return faces.get(address);
}

async function load(address) {
  const answer = await fetch(address, { credentials: 'omit' });
  const { style, text, drawings } = await answer.json(), sheet = new CSSStyleSheet();
  sheet.replaceSync(style);
  moreIcons(drawings.icons);
  return { sheet, text, drawings };
}
