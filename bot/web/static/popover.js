// The small window of a node: where it came from, how much it counts, and what may be done with it.
const EDITS = {
  word: (node) => [node.pinned ? 'unpin' : 'pin', 'weaken', 'remove'],
  thread: (node) => [node.pinned ? 'unpin' : 'pin', 'weaken', 'remove'],
  refusal: (node) => [node.pinned ? 'unpin' : 'pin', 'remove'],
  limit: (node) => [node.pinned ? 'unpin' : 'pin', 'remove'],
  item: (node) => (['like', 'dislike'].includes(pressedNow[node.id]) ? ['takeBack'] : []),
};

// The visitor's sentence, with the node's word marked in it.
function quoted(node, heard) {
  const [nth, sentence] = heard.said[node.turn_id] || [];
  if (!nth) return el('p', { class: 'zy-pop-from' }, node.kind === 'item' ? text[node.liked ? 'youLiked' : 'youPassed'] : node.source === 'profile' ? text.fromEarlier : text.fromTalk);
  const at = node.kind === 'thread' ? -1 : sentence.toLowerCase().indexOf(node.text.toLowerCase());
  return el('figure', { class: 'zy-pop-from' },
    el('blockquote', {}, ...(at < 0 ? [sentence] : [
      sentence.slice(0, at), el('mark', {}, sentence.slice(at, at + node.text.length)), sentence.slice(at + node.text.length)])),
    el('figcaption', {}, fill(text.fromMessage, { nth })));
}

function drawPopover(node, heard) {
  const buttons = EDITS[node.kind](node).map((act) => el('button', { type: 'button', 'data-edit': act, 'aria-label': fill(text.for, { act: text.edits[act], title: node.text }) }, text.edits[act]));
  const shown = 'weight' in node && node.kind !== 'item';
  const meter = shown && el('div', { class: 'zy-meter', 'aria-hidden': 'true' }, el('i'));
  if (meter) meter.firstChild.style.width = percent(node.share);
  return el('div', { class: 'zy-pop', role: 'dialog', 'aria-label': node.name, tabindex: '-1' },
    el('p', { class: 'zy-pop-kind' }, el('span', {}, node.pinned ? `${text.kinds[node.kind]} · ${text.pinned}` : text.kinds[node.kind]), shown ? el('span', {}, fill(text.weight, { share: percent(node.share) })) : ''),
    el('p', { class: 'zy-pop-text' }, node.kind === 'refusal' || (node.kind === 'item' && !node.liked) ? el('s', {}, node.text) : node.text),
    meter || '',
    quoted(node, heard),
    buttons.length ? el('div', { class: 'zy-pop-acts' }, ...buttons) : '');
}
