// The host page of a conversation: the item that it shows, and for how long that was looked at.
import { cardOf } from './card.js';

const LEAST_SECONDS = 5;

export class Page {
  about = null;
  #id = '';
  #since = 0;

  constructor(talk) {
    this.talk = talk;
  }

  // What a message tells of it.
  get context() {
    return this.#id ? { context: { item_id: this.#id } } : {};
  }

  // It shows another item, or none; what was looked at before is told with its seconds.
  shows(id = '') {
    this.left();
    this.#id = id && String(id);
    this.about = null;
    this.talk.changed('about');
  }

  // The item by its title; one that the catalogue does not have is not spoken of.
  async look() {
    const { talk } = this, id = this.#id;
    if (!id || this.about) return;
    try {
      const item = await (await talk.api.call('GET', `items/${encodeURIComponent(id)}?site=${talk.site}`, { lang: talk.lang })).json();
      if (id === this.#id) this.about = cardOf(item);
    } catch (problem) {
      if (problem.kind === 'wrong') this.#id = '';
    }
    talk.changed('about');
  }

  left() {
    const seconds = Math.round((Date.now() - this.#since) / 1000);
    if (this.#id && this.talk.session && seconds >= LEAST_SECONDS) this.talk.track('browse', this.#id, seconds);
    this.#since = Date.now();
  }
}
