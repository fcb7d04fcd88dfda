// What is kept of a conversation for the site's other pages, and shared with its other tabs; who watches it is told.
import { keeper } from './keeping.js';
import { both } from './turn.js';

const MOST_TURNS = 20;
const FRESH = { session: null, welcome: null, turns: [], pressed: {}, waiting: [] };

export class Kept {
  #watchers = new Set();

  constructor(key) {
    this.kept = keeper('localStorage', key);
    this.adopt(this.kept.read());
  }

  watch(watcher) {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  // Tells the views what changed: all, turn, interest, pressed, about or notice.
  changed(what, of) {
    for (const watcher of this.#watchers) watcher.changed(what, of);
  }

  adopt(kept) {
    Object.assign(this, structuredClone(FRESH), kept);
  }

  // What another tab said meanwhile stays.
  save() {
    const kept = this.kept.read();
    if (kept && kept.session?.id === this.session?.id) this.turns = both(kept.turns, this.turns);
    const { session, welcome, pressed, waiting } = this;
    this.kept.write({ session, welcome, pressed, waiting, turns: this.turns.slice(-MOST_TURNS) });
  }

  // Another tab changed what is kept.
  told() {
    const kept = this.kept.read() || FRESH;
    if (kept.session?.id !== this.session?.id) {
      this.stop();
      this.forget();
      this.adopt(structuredClone(kept));
    } else {
      Object.assign(this, { pressed: kept.pressed, turns: both(kept.turns, this.turns) });
    }
    this.changed('all');
  }
}
