// <zhiyin-chat>: a bubble with its panel, or the panel inline. Until it is opened there is nothing but the bubble.
import { Conversation } from './conversation.js';
import { patiently, Problem } from './api.js';
import { el, webAddress } from './dom.js';
import { faceOf } from './face.js';
import { icon } from './icons.js';
import { langOf } from './i18n.js';
import { keeper } from './keeping.js';
import { View } from './view.js';
import bubbleStyle from '../bubble.css';

export const TAG = 'zhiyin-chat';
const SHOW = { zh: '打开对话', en: 'Open the chat' };
const DARK_INK = '#23120b', LIGHT_INK = '#fffaf2', PHONE = 480;
const talks = new Map();
let bubbleSheet = null;

// Widgets of the same site, for the same domains, share one conversation.
function talkOf(base, site, lang, domains) {
  const key = [base, site, ...domains].join(' ');
  if (!talks.has(key)) talks.set(key, new Conversation(base, site, lang, domains));
  return talks.get(key);
}

window.addEventListener('storage', ({ key }) => {
  for (const talk of talks.values()) if (key === talk.kept.key) talk.told();
});
window.addEventListener('pagehide', () => talks.forEach((talk) => talk.page.left()));

export class Chat extends HTMLElement {
  static observedAttributes = ['lang', 'site', 'mode', 'item-id', 'heading', 'label', 'accent'];
  #talk = null;
  #view = null;
  #root = null;
  #wished = false;
  #opening = null;

  get inline() {
    return this.getAttribute('mode') === 'inline';
  }

  get privacy() {
    return webAddress(this.getAttribute('privacy'));
  }

  listed(name, sign) {
    return (this.getAttribute(name) || '').split(sign).map((one) => one.trim()).filter(Boolean);
  }

  // Where the catalogue has no address for an item, the site may say how to make one of its id.
  addressOf({ id }) {
    const pattern = this.getAttribute('item-url') || '';
    return pattern && webAddress(new URL(pattern.replace('{id}', encodeURIComponent(id)), location.href));
  }

  get #base() {
    return this.getAttribute('base') || Chat.base;
  }

  get #site() {
    return this.getAttribute('site') || '';
  }

  get #lang() {
    return langOf(this.getAttribute('lang'));
  }

  get talk() {
    return (this.#talk ||= talkOf(this.#base, this.#site, this.#lang, this.listed('domains', ',')));
  }

  connectedCallback() {
    this.#root ||= this.attachShadow({ mode: 'open' });
    if (!bubbleSheet) (bubbleSheet = new CSSStyleSheet()).replaceSync(bubbleStyle);
    this.talk.hosts.add(this);
    if (this.hasAttribute('item-id')) this.talk.page.shows(this.getAttribute('item-id'));
    this.#draw();
    this.event('ready', {});
  }

  disconnectedCallback() {
    this.talk.hosts.delete(this);
    this.#leave();
  }

  attributeChangedCallback(name, before, now) {
    if (!this.#root || before === now || !this.isConnected) return;
    if (name === 'item-id') return void this.talk.page.shows(now);
    if (name === 'site') this.#move();
    this.talk.lang = this.#lang;
    this.#draw();
  }

  // Another site has another conversation.
  #move() {
    this.talk.hosts.delete(this);
    this.#talk = null;
    this.talk.hosts.add(this);
  }

  // The bubble, or the panel inline as soon as it is in sight. What was open on the page before is open again.
  #draw() {
    const open = this.#wished || this.#view?.shown || (!this.inline && innerWidth > PHONE && this.#state.read());
    this.#leave();
    const label = this.getAttribute('label');
    this.bubble = !this.inline && el('button', { type: 'button', class: 'bubble', 'aria-label': label || SHOW[this.#lang], 'aria-haspopup': 'dialog', 'aria-expanded': 'false', onclick: () => this.toggle() },
      icon('voice'), icon('down'), label && el('span', {}, label));
    this.frame = el('div', { class: 'frame', lang: this.#lang === 'zh' ? 'zh-CN' : 'en' }, this.bubble);
    this.#root.adoptedStyleSheets = [bubbleSheet];
    this.#root.replaceChildren(this.frame);
    this.colour();
    if (open) this.open({ quiet: !this.#wished });
    else if (this.inline) this.#await();
  }

  #await() {
    const watch = new IntersectionObserver(([{ isIntersecting }]) => {
      if (!isIntersecting) return;
      watch.disconnect();
      if (this.inline) this.open({ quiet: true });
    });
    watch.observe(this);
  }

  #leave() {
    this.#view?.unwatch();
    this.#view = this.#opening = null;
    for (const name of ['resize', 'scroll']) window.visualViewport?.removeEventListener(name, this.#fit);
  }

  #fit = () => this.#view?.fit();

  get #state() {
    return keeper('sessionStorage', `${this.talk.kept.key}:open`);
  }

  // The accent, where one is given, with ink on it that can be read.
  colour(given) {
    const accent = this.getAttribute('accent') || given;
    if (!/^#([\da-f]{3}|[\da-f]{6})$/i.test(accent || '')) return;
    const [r, g, b] = accent.slice(1).match(accent.length > 4 ? /../g : /./g).map((part) => (parseInt(part.padEnd(2, part), 16) / 255) ** 2.2);
    this.frame.style.setProperty('--given', accent);
    this.frame.style.setProperty('--on-given', 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.2 ? DARK_INK : LIGHT_INK);
  }

  async open({ quiet = false } = {}) {
    this.#wished = !this.isConnected;
    if (this.#wished || this.#opening || this.#view?.shown) return;
    const opening = (this.#opening = {});
    this.talk.open();
    const face = await patiently(() => faceOf(this.#base, this.#lang).catch(() => { throw new Problem('away'); }), (wait) => this.frame.toggleAttribute('data-waiting', Boolean(wait)));
    // It may have been closed, or drawn anew, meanwhile.
    if (this.#opening !== opening) return;
    this.#opening = null;
    this.#unfold(face, quiet);
  }

  #unfold(face, quiet) {
    if (!this.#view) {
      this.#root.adoptedStyleSheets = [bubbleSheet, face.sheet];
      this.#view = new View(this, this.talk, face);
      this.frame.append(this.#view.panel);
      for (const name of ['resize', 'scroll']) window.visualViewport?.addEventListener(name, this.#fit);
    }
    this.#view.panel.hidden = false;
    this.#view.fit();
    this.#show(true);
    if (!quiet && !this.inline) this.#view.box.focus({ preventScroll: true });
    this.event('open', {});
  }

  close() {
    this.#opening = null;
    if (!this.#view?.shown || this.inline) return;
    const held = this.#root.activeElement;
    this.#view.panel.hidden = true;
    this.#show(false);
    if (held) this.bubble.focus({ preventScroll: true });
    this.event('close', {});
  }

  #show(open) {
    this.frame.toggleAttribute('data-open', open);
    if (this.inline) return;
    this.bubble.setAttribute('aria-expanded', open);
    this.#state.write(open || null);
  }

  toggle() {
    if (this.#view?.shown) this.close();
    else this.open();
  }

  send(words) {
    this.open();
    return this.talk.say(String(words));
  }

  identify(visitor, hash) {
    this.talk.identify(visitor, hash);
  }

  context(of) {
    this.talk.page.shows(of?.item_id);
  }

  track(kind, id, value) {
    this.talk.track(kind, id, value);
  }

  // False where the host page keeps the browser from what it does of itself: from following a link.
  event(name, detail) {
    return this.dispatchEvent(new CustomEvent(`zy:${name}`, { bubbles: true, composed: true, cancelable: name === 'click', detail: { site: this.#site, ...detail } }));
  }

  destroy() {
    this.talk.stop();
    this.remove();
  }
}
