// One conversation of one site: what is known of it, what was said, and all that can be done with it. It draws nothing.
import { Api, patiently, Problem } from './api.js';
import { Kept } from './kept.js';
import { Page } from './page.js';
import { eventsOf } from './sse.js';
import { blank, cardsOf, edited, hear, newKey, settle } from './turn.js';

const MOST_WAITING = 20, MOST_LETTERS = 2000;

export class Conversation extends Kept {
  notice = null;
  interest = null;
  erased = false;
  hosts = new Set();
  #who = {};
  #checked = false;
  #opening = null;
  #live = null;
  page = new Page(this);

  constructor(base, site, lang, domains) {
    super(`zhiyin:${[site, ...domains].join(':')}`);
    Object.assign(this, { site, lang, domains, api: new Api(base) });
  }

  // Tells the host page; once, however many widgets there are. False where the page takes care of it itself.
  #event(name, detail) {
    const [first] = this.hosts;
    return !first || first.event(name, detail);
  }

  get busy() {
    return Boolean(this.#live);
  }

  // Opens the session or finds it again; tries until the server answers.
  async open() {
    try {
      await patiently(() => this.#ready(), this.#tell);
    } catch (problem) {
      this.#fail(problem);
    }
  }

  #tell = (notice) => {
    this.notice = notice;
    this.changed('notice');
  };

  #fail(problem) {
    this.#tell(problem instanceof Problem ? { kind: problem.kind, detail: problem.kind === 'wrong' ? problem.detail : '' } : { kind: 'wrong' });
    this.#event('error', { kind: problem.kind || 'wrong', message: problem.message });
  }

  #ready() {
    return (this.#opening ||= this.#find().finally(() => { this.#opening = null; }));
  }

  async #find() {
    if (this.session && this.#checked) return;
    if (this.session && !(await this.#found())) this.forget();
    if (!this.session) await this.#begin();
    this.#checked = true;
    for (const late of this.waiting.splice(0)) this.#feedback(late).catch(() => {});
    this.save();
    this.changed('all');
  }

  async #begin() {
    const body = { lang: this.lang, ...(this.site && { site: this.site }), ...(this.domains.length && { domains: this.domains }), ...this.#who, ...this.page.context };
    const told = await (await this.api.call('POST', 'sessions', { body, lang: this.lang })).json();
    this.session = { id: told.session_id, token: told.token, visitor: this.#who.visitor || '' };
    this.welcome = { greeting: told.greeting, suggestions: told.suggestions || [], slate: told.slate?.slate_id, cards: cardsOf(told.slate), site: told.site || {} };
  }

  // Whether the server still has the session.
  async #found() {
    let told;
    try {
      told = await (await this.#call('GET')).json();
    } catch (problem) {
      if (problem.kind === 'gone') return false;
      throw problem;
    }
    this.interest = told.interest;
    settle(this.turns.filter((turn) => turn.state === 'pending' && turn !== this.#live?.turn), told.turns.slice(-2));
    return true;
  }

  #call(method, path = '', { body, ...rest } = {}) {
    const { id, token } = this.session;
    return this.api.call(method, `sessions/${id}${path && `/${path}`}`, { token, body, lang: this.lang, ...rest });
  }

  // Says something; a reply that is still running is cut off.
  say(text) {
    const said = text.trim().slice(0, MOST_LETTERS);
    if (!said) return null;
    this.stop();
    const turn = { key: newKey(), said };
    this.erased = false;
    this.turns.push(turn);
    this.#event('message', { text: said });
    return this.ask(turn);
  }

  // Asks for the reply to a turn, or once more for one that broke off.
  async ask(turn) {
    const leaving = new AbortController(), live = (this.#live = { turn, leaving, key: newKey() });
    blank(turn);
    this.save();
    this.changed('turn', turn);
    try {
      await patiently(() => this.#answer(live), this.#tell, leaving.signal);
    } catch (problem) {
      turn.state = 'stopped';
      if (!leaving.signal.aborted) this.#broken(turn, problem);
    }
    if (this.#live === live) this.#live = null;
    if (!this.turns.includes(turn)) return;
    this.save();
    this.changed('turn', turn);
  }

  #broken(turn, problem) {
    turn.problem = problem.kind || 'wrong';
    turn.detail = turn.problem === 'wrong' ? problem.detail : '';
    this.#event('error', { kind: turn.problem, message: problem.message });
  }

  async #answer(live) {
    const { turn, leaving, key } = live;
    await this.#ready();
    try {
      const body = { text: turn.said, ...this.page.context };
      const answer = await this.#call('POST', 'messages', { body, signal: leaving.signal, stream: true, key });
      for await (const { name, data } of eventsOf(answer.body)) {
        this.#hear(turn, name, data);
        if (turn.state !== 'pending') return;
      }
    } catch (problem) {
      if (problem.kind !== 'gone' || live.again) throw problem.name === 'TypeError' ? new Problem('away') : problem;
      live.again = true;
      this.forget();
      this.turns.push(turn);
      await this.#answer(live);
      return;
    }
    throw new Problem('away');
  }

  #hear(turn, name, data) {
    hear(turn, name, data);
    if (name === 'slate') {
      this.#event('slate', { slate_id: data.slate_id, items: data.items });
      this.save();
      this.refresh();
    }
    this.changed('turn', turn);
  }

  // Cuts the running reply off.
  stop() {
    if (!this.#live) return;
    this.#live.leaving.abort();
    this.#live = null;
    this.#tell(null);
    if (this.session) this.#call('POST', 'cancel').catch(() => {});
  }

  async refresh() {
    try {
      this.interest = await (await this.#call('GET', 'interest')).json();
      this.changed('interest');
    } catch {
      // The chips stay as they were.
    }
  }

  // Takes something out of the interest; a slate for what it is then follows.
  async drop(label) {
    try {
      this.interest = await (await this.#call('PATCH', 'interest', { body: { remove: [label] } })).json();
      this.changed('interest');
      const slate = await (await this.#call('GET', 'slate')).json();
      const key = this.turns.at(-1)?.kind === 'edited' ? this.turns.pop().key : newKey();
      this.turns.push(edited(key, slate));
      this.#event('slate', { slate_id: slate.slate_id, items: slate.items });
      this.save();
      this.changed('all');
    } catch (problem) {
      this.#fail(problem);
    }
  }

  async why(id) {
    return (await this.#call('GET', `why/${encodeURIComponent(id)}`)).json();
  }

  // Like or not for me; pressed again, it is taken back.
  async press(card, kind, turn) {
    const before = this.pressed[card.id], now = before === kind ? 'undo' : kind;
    this.pressed = { ...this.pressed, [card.id]: now === 'undo' ? undefined : now };
    this.changed('pressed');
    try {
      if (before && now !== 'undo') await this.#feedback({ item_id: card.id, kind: 'undo' });
      await this.#feedback({ item_id: card.id, kind: now, turn_id: turn?.id });
      this.#event('feedback', { item_id: card.id, kind: now });
      this.save();
    } catch (problem) {
      this.pressed = { ...this.pressed, [card.id]: before };
      this.changed('pressed');
      this.#fail(problem);
    }
  }

  // A card is opened. False where the host page shows the item itself. Nothing here is waited for.
  click(card, turn) {
    this.#feedback({ item_id: card.id, kind: 'click', turn_id: turn?.id }).catch(() => {});
    return this.#event('click', { item_id: card.id, title: card.title, url: card.url });
  }

  // Something done on the host page. Before there is a conversation it waits for one.
  track(kind, id, value) {
    const done = { item_id: String(id), kind, value };
    if (this.session) return this.#feedback(done).catch((problem) => this.#event('error', { kind: problem.kind, message: problem.message }));
    this.waiting = [...this.waiting, done].slice(-MOST_WAITING);
    return this.save();
  }

  async #feedback(body) {
    return this.#call('POST', 'feedback', { body, keepalive: true, key: newKey() });
  }

  // Who the visitor is on the host's site. Another visitor's conversation is not gone on with.
  identify(visitor, hash) {
    this.#who = visitor ? { visitor: String(visitor), visitor_hash: hash } : {};
    if (this.session && this.session.visitor !== (this.#who.visitor || '')) this.renew(false);
  }

  // Cards of a slate that the visitor truly saw. What cannot be told now is told when they are drawn again.
  async seen(slate, cards) {
    try {
      await this.#call('POST', 'seen', { body: { slate_id: slate, item_ids: cards.map(({ id }) => id) }, keepalive: true });
      for (const card of cards) card.seen = true;
      this.save();
    } catch {
      // Nobody waits for it.
    }
  }

  // A new conversation; the old one stays on the server.
  renew(opening = true) {
    this.stop();
    this.forget();
    this.save();
    this.changed('all');
    return opening && this.open();
  }

  async erase() {
    this.stop();
    try {
      if (this.session) await this.#call('DELETE');
    } catch (problem) {
      if (problem.kind !== 'gone') return this.#fail(problem);
    }
    this.forget();
    this.erased = true;
    this.kept.write(null);
    return this.changed('all');
  }

  forget() {
    this.adopt({ waiting: this.waiting });
    this.interest = null;
    this.#checked = false;
  }
}
