// One turn: what was said and its reply as it comes, as plain values that can be kept.
import { Problem } from './api.js';
import { cardOf } from './card.js';

export const newKey = () => crypto.getRandomValues(new Uint32Array(4)).join('-');

export const cardsOf = (slate) => (slate?.items || []).map(cardOf);

// Before its reply, and before it is asked for once more.
export const blank = (turn) => Object.assign(turn, { state: 'pending', slate: '', cards: [], unmet: [], words: {}, question: null, problem: '', detail: '' });

export const edited = (key, slate) => ({ key, kind: 'edited', state: 'done', slate: slate.slate_id, cards: cardsOf(slate), unmet: slate.unmet, words: {}, question: slate.question });

// One event of the reply. After a broken line it comes anew, from its start.
export function hear(turn, name, data) {
  if (name === 'slate') {
    Object.assign(turn, { slate: data.slate_id, cards: cardsOf(data), unmet: data.unmet || [], question: data.question, words: {} });
  } else if (name === 'delta') {
    turn.words[data.part] = (turn.words[data.part] || '') + data.text;
  } else if (name === 'done') {
    Object.assign(turn, { id: data.turn_id, words: { opening: data.text, ...data.lines }, state: data.complete ? 'done' : 'stopped' });
  } else if (name === 'error') {
    throw new Problem([429, 503].includes(data.status) ? 'busy' : 'wrong', data);
  }
}

// Replies that nobody here saw the end of: what the server wrote of the last one is taken over.
export function settle(turns, [asked, reply]) {
  for (const turn of turns) {
    const known = reply?.role === 'bot' && asked.text === turn.said;
    if (known) turn.words = { opening: reply.text, ...reply.lines };
    turn.state = known && reply.complete ? 'done' : 'stopped';
  }
}

// The turns that two tabs have; of one that both have, the whole one.
export function both(kept, own) {
  const turns = new Map(kept.map((turn) => [turn.key, turn]));
  for (const turn of own) if (turns.get(turn.key)?.state !== 'done' || turn.state === 'done') turns.set(turn.key, turn);
  return [...turns.values()];
}
