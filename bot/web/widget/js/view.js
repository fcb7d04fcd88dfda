// The panel: head, talk, chips, box. It draws what the conversation tells it and hands on what the visitor does.
import { drawChips } from './chips.js';
import { drawCard } from './cards.js';
import { el, fill, write } from './dom.js';
import { icon } from './icons.js';
import { sightOf } from './seen.js';
import { drawTurn, wishes } from './turns.js';

const BOX_LETTERS = 2000;
const FOCUSABLE = 'button, [href], textarea, [tabindex="0"]';
const still = matchMedia('(prefers-reduced-motion: reduce)');

export class View {
  #nodes = new Map();

  constructor(chat, talk, { text, drawings }) {
    Object.assign(this, { chat, talk, text, drawings, sees: sightOf((slate, cards) => talk.seen(slate, cards)) });
    const tool = (name, act, shown = true) => shown && el('button', { type: 'button', class: `tool ${name}`, title: text[name], 'aria-label': text[name], onclick: act }, icon(name === 'close' ? 'down' : name));
    this.title = el('h2', { id: 'title' });
    this.log = el('div', { class: 'log', role: 'log', 'aria-live': 'polite', 'aria-label': text.talk, tabindex: '0' }, this.welcome = el('div', { class: 'welcome' }), this.turns = el('div', { class: 'turns' }));
    this.box = el('textarea', { rows: '1', maxlength: BOX_LETTERS, enterkeyhint: 'send', 'aria-label': text.say, placeholder: text.placeholder, oninput: () => this.#grow(), onkeydown: (event) => this.#typed(event) });
    this.sender = el('button', { type: 'submit', class: 'send' });
    this.panel = el('section', { class: 'panel', role: chat.inline ? 'region' : 'dialog', 'aria-modal': chat.inline ? null : 'true', 'aria-labelledby': 'title', onkeydown: (event) => this.#key(event) },
      el('header', { class: 'top' }, el('span', { class: 'seal' }, icon('voice')), this.title,
        tool('new', () => { talk.renew(); this.box.focus(); }), tool('erase', () => this.#ask()), tool('close', () => chat.close(), !chat.inline)),
      this.log,
      this.asking = el('div', { class: 'asking', role: 'alertdialog', 'aria-label': text.erase, hidden: true }),
      this.notice = el('p', { class: 'notice', role: 'status', hidden: true }),
      this.chips = el('ul', { class: 'chips', 'aria-label': text.heard, hidden: true }),
      this.about = el('p', { class: 'about', hidden: true }),
      el('form', { class: 'say', onsubmit: (event) => this.#submit(event) }, this.box, this.sender));
    this.unwatch = talk.watch(this);
    this.changed('all');
    talk.page.look();
  }

  // Told by the conversation.
  changed(what, turn) {
    if (what === 'turn') this.#turn(turn);
    else if (what === 'pressed') this.press(this.log);
    else if (what === 'notice') this.#tell(this.talk.notice);
    else if (what === 'interest') drawChips(this.chips, this);
    else if (what === 'about') this.#about();
    else this.#all();
    this.#ready();
  }

  say(words) {
    this.talk.say(words);
    this.box.focus({ preventScroll: true });
  }

  #all() {
    const { talk, text, chat } = this, { welcome } = talk;
    const brand = welcome?.site || {};
    write(this.title, chat.getAttribute('heading') || brand.title || text.name);
    chat.colour(brand.accent);
    this.log.setAttribute('aria-busy', !welcome && !talk.erased);
    this.welcome.replaceChildren(...(talk.erased ? [el('p', { class: 'caption' }, text.erased)] : welcome ? this.#greet(welcome, brand) : [el('p', { class: 'waiting' }, text.name)]));
    this.#nodes.clear();
    this.turns.replaceChildren();
    for (const turn of talk.turns) this.#turn(turn, false);
    if (talk.turns.length) this.#come(this.turns.lastChild, 'auto');
    drawChips(this.chips, this);
    this.#about();
    this.press(this.log);
    this.#tell(talk.notice);
  }

  #greet(welcome, brand) {
    const { talk, text, chat } = this, privacy = chat.privacy, own = chat.listed('suggestions', '|');
    const greeting = el('p', { class: 'greeting' }, brand.greeting || welcome.greeting);
    if (talk.turns.length) return [greeting];
    return [
      greeting,
      wishes(this, [...(talk.page.about ? text.asks : []), ...(own.length ? own : welcome.suggestions)].slice(0, 4), text.try),
      ...(welcome.cards.length ? [el('p', { class: 'caption' }, text.first), el('div', { class: 'cards' }, ...welcome.cards.map((card) => drawCard(this, card)))] : []),
      el('p', { class: 'privacy' }, text.privacy, privacy && ' ', privacy && el('a', { href: privacy, target: '_blank', rel: 'noopener noreferrer' }, text.terms)),
    ];
  }

  #turn(turn, come = turn.state === 'pending') {
    let node = this.#nodes.get(turn.key);
    const fresh = !node;
    if (fresh) {
      if (!this.turns.firstChild && this.talk.welcome) this.welcome.replaceChildren(...this.#greet(this.talk.welcome, this.talk.welcome.site));
      this.turns.append(node = el('div', { class: 'turn' }));
      this.#nodes.set(turn.key, node);
      const before = this.talk.turns.at(-2);
      if (before && come) drawTurn(this, this.#nodes.get(before.key) || el('div'), before);
    }
    drawTurn(this, node, turn);
    if (fresh && come) this.#come(node);
  }

  #come(node, behavior = still.matches ? 'auto' : 'smooth') {
    this.log.scrollTo({ top: node.offsetTop - this.log.offsetTop - 8, behavior });
  }

  press(within) {
    for (const button of within.querySelectorAll('[aria-pressed]')) {
      const card = button.closest('.card'), verdict = this.talk.pressed[card.dataset.id];
      button.setAttribute('aria-pressed', verdict === button.dataset.act);
      card.classList.toggle('passed', verdict === 'dislike');
    }
  }

  #tell(notice) {
    this.notice.hidden = !notice;
    write(this.notice, notice ? notice.detail || fill(this.text[notice.kind] || this.text.wrong, notice) : '');
  }

  #about() {
    const { talk, text } = this, { about } = talk.page;
    this.about.hidden = !about;
    this.about.replaceChildren(...(about ? [el('span', {}, `${text.about} `, el('b', {}, about.title)), el('button', { type: 'button', class: 'tool', 'aria-label': text.aboutDrop, onclick: () => { talk.page.shows(); this.box.focus(); } }, icon('close'))] : []));
    if (!talk.turns.length && talk.welcome && !talk.erased) this.welcome.replaceChildren(...this.#greet(talk.welcome, talk.welcome.site));
    if (!about && this.shown) talk.page.look();
  }

  // While a reply is running the button stops it, unless there is something to send.
  #ready() {
    const stops = this.talk.busy && !this.box.value.trim(), name = stops ? 'stop' : 'send';
    if (this.sender.dataset.does === name) return;
    this.sender.dataset.does = name;
    this.sender.setAttribute('aria-label', this.text[name]);
    this.sender.replaceChildren(icon(name));
  }

  #grow() {
    this.box.style.height = 'auto';
    this.box.style.height = `${Math.min(this.box.scrollHeight, 132)}px`;
    this.#ready();
  }

  #typed(event) {
    // Enter that ends an input method's composition is not a wish to send.
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing && event.keyCode !== 229) this.#submit(event);
  }

  #submit(event) {
    event.preventDefault();
    const words = this.box.value;
    if (!words.trim()) return this.talk.stop();
    this.box.value = '';
    this.#grow();
    return this.say(words);
  }

  // Asks before all is deleted.
  #ask() {
    const { text, asking } = this, held = this.#focused();
    const answer = (label, kind, act) => el('button', { type: 'button', class: kind, onclick: () => { this.#settle(held); act(); } }, label);
    asking.replaceChildren(el('p', {}, text.eraseAsk), answer(text.yes, 'sure', () => this.talk.erase()), answer(text.no, 'pill', () => {}));
    asking.hidden = false;
    asking.querySelector('.pill').focus();
  }

  #settle(held) {
    this.asking.hidden = true;
    (held || this.box).focus();
  }

  #focused() {
    return this.panel.getRootNode().activeElement;
  }

  #key(event) {
    if (event.key === 'Escape') {
      event.stopPropagation();
      if (!this.asking.hidden) this.#settle();
      else if (!this.chat.inline) this.chat.close();
    } else if (event.key === 'Tab' && !this.chat.inline) {
      const all = [...this.panel.querySelectorAll(FOCUSABLE)].filter((node) => node.tabIndex >= 0 && node.checkVisibility());
      const end = event.shiftKey ? all[0] : all.at(-1);
      if (this.#focused() !== end) return;
      event.preventDefault();
      (event.shiftKey ? all.at(-1) : all[0]).focus();
    }
  }

  get shown() {
    return this.panel.isConnected && !this.panel.hidden;
  }

  // Where a keyboard comes up over the page, the panel keeps to what is left.
  fit() {
    const { height, offsetTop } = window.visualViewport || { height: innerHeight, offsetTop: 0 };
    this.panel.style.setProperty('--room', `${height}px`);
    this.panel.style.setProperty('--from', `${offsetTop}px`);
  }
}
