// The page's life: opening, saying, pressing, choosing language and light. `trigger` tells the server, the events
// `zhiyin:visited`, `zhiyin:turn` and `zhiyin:felt` bring what it answers.
const find = (selector) => element.querySelector(selector);
const log = find('.zy-log'), form = find('.zy-say'), box = form.querySelector('textarea'), notice = find('.zy-notice');
const MONTHS = 60 * 60 * 24 * 180;
let session = '', retry = 0, pressedNow = {}, heardNow = null, retold = '';

const keep = (name, value) => { document.cookie = `zhiyin_${name}=${value}; path=/; max-age=${MONTHS}; SameSite=Lax`; };
const kept = (name) => (new RegExp(`(?:^|; )zhiyin_${name}=([a-z]+)`).exec(document.cookie) || [])[1];
const pageLang = () => kept('lang') || (navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en');

function speak(lang) {
  text = props.labels[lang];
  document.documentElement.lang = lang === 'zh' ? 'zh-CN' : 'en';
  for (const node of element.querySelectorAll('[data-text]')) node.textContent = text[node.dataset.text];
  for (const node of element.querySelectorAll('[data-label]')) node.setAttribute('aria-label', text[node.dataset.label]);
  box.placeholder = text[box.dataset.placeholder];
  if (heardNow) drawHeard(find('.zy-heard'), heardNow);
}

function tell(words) {
  notice.hidden = !words;
  write(notice, words);
}

// Opens the session, or finds it again; while models load it asks until it may.
async function open(wish = {}) {
  clearTimeout(retry);
  let wait = 1000;
  try {
    const answer = await fetch('page/session', {
      method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ lang: pageLang(), ...wish }),
    });
    const told = await answer.json();
    if (answer.ok) return trigger('visit', {});
    if (answer.status !== 503) return tell(told.detail || text.broken);
    if (told.failed) wait = 5000;
    tell(told.failed ? text.failed : text.preparing);
  } catch {
    tell(text.lost);
  }
  retry = setTimeout(() => open(wish), wait);
}

function show(visited) {
  if (visited.error) return tell(visited.error);
  tell('');
  session = visited.session_id;
  closeWhy(false);
  log.replaceChildren();
  const asked = visited.turns.some((turn) => turn.said);
  log.append(el('div', { class: 'zy-welcome' },
    el('p', { class: 'zy-greeting' }, visited.greeting),
    asked ? '' : el('ul', { class: 'zy-suggestions', 'aria-label': text.try },
      ...visited.suggestions.map((wish) => el('li', {}, el('button', { type: 'button', 'data-wish': wish }, wish))))));
  visited.turns.forEach(put);
  feel(visited);
  const last = log.lastElementChild;
  log.scrollTop = asked ? last.offsetTop : 0;
  element.firstElementChild.dataset.ready = 'true';
  if (retold) { const again = retold; retold = ''; send(again); }
}

// A slate for a changed interest takes the place of one just before it.
function put(turn) {
  const last = log.lastElementChild;
  if (turn.kind === 'edited') {
    if (last?.dataset.kind === 'edited') last.remove();
    find('.zy-follow').hidden = !find('.zy').hasAttribute('data-heard');
  }
  let node = [...log.querySelectorAll('.zy-turn')].find((one) => one.dataset.key === turn.key);
  if (!node) log.append(node = newTurn(turn));
  // An error may come after cards and words: it ends them, it does not take them away.
  (turn.error ? drawEnd : drawTurn)(node, turn);
  if (turn.state === 'done' && !turn.error) lost.said = '';
  press(pressedNow);
  if (turn.kind === 'edited') come(node);
  return node;
}

function come(node) {
  log.scrollTo({ top: node.offsetTop, behavior: still.matches ? 'auto' : 'smooth' });
}

// Whether anything was said after the turn: then its question stands no longer.
function answered(turn) {
  const said = [...log.querySelectorAll('.zy-turn:has(.zy-said)')];
  return said.length > 0 && turn.said && said.at(-1).dataset.key !== turn.key;
}

function feel(felt) {
  if (felt.error) return tell(felt.error);
  heardNow = felt.interest;
  press(pressedNow = felt.pressed);
  drawHeard(find('.zy-heard'), heardNow);
  const count = heardNow.threads.length + heardNow.refusals.length + heardNow.limits.length + heardNow.items.length;
  write(find('.zy-count'), count ? String(count) : '');
}

function press(pressed) {
  for (const button of log.querySelectorAll('[aria-pressed]')) {
    const on = pressed[button.closest('[data-id]').dataset.id] === button.dataset.act;
    button.setAttribute('aria-pressed', on);
  }
}

function send(said) {
  said = said.trim();
  if (!said || !session) return;
  element.querySelector('.zy-suggestions')?.remove();
  for (const asked of log.querySelectorAll('.zy-question')) { asked.hidden = true; asked.replaceChildren(); }
  const turn = { key: crypto.getRandomValues(new Uint32Array(2)).join('-'), said, state: 'pending', kind: '', cards: [], unmet: [], words: {}, question: null, error: '' };
  tell('');
  come(put(turn));
  trigger('say', { session_id: session, key: turn.key, text: said });
}

// The server failed at something it does not know: whatever waits has no answer any more.
function broken() {
  for (const node of log.querySelectorAll('.zy-turn[data-state=pending]')) {
    drawEnd(node, { state: 'done', error: text.broken });
  }
}

// The session is gone or another tab began a new one: open what there is, then say it again, once.
function lost(turn) {
  if (turn.said === lost.said) return put({ ...turn, state: 'done' });
  lost.said = retold = turn.said;
  open();
}

function grow() {
  box.style.height = 'auto';
  box.style.height = `${Math.min(box.scrollHeight, 160)}px`;
  const left = props.limit - box.value.length, hint = find('.zy-left');
  hint.hidden = left > 200;
  write(hint, left > 200 ? '' : fill(text.left, { limit: props.limit, left }));
}

function submit(event) {
  event?.preventDefault();
  if (!session || !box.value.trim()) return;
  send(box.value);
  box.value = '';
  grow();
}

const TOOLS = {
  new: () => { session = ''; open({ fresh: true }); box.focus(); },
  theme: () => {
    const next = document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark';
    document.documentElement.dataset.theme = next;
    keep('theme', next);
  },
  lang: () => {
    const next = pageLang() === 'zh' ? 'en' : 'zh';
    keep('lang', next);
    speak(next);
    open({ fresh: Boolean(session) && !log.querySelector('.zy-said') });
  },
  heard: () => sheet(!find('.zy').hasAttribute('data-heard')),
};

// On a small screen the panel is a sheet over the talk, which rests meanwhile.
function sheet(shown) {
  const was = find('.zy').hasAttribute('data-heard');
  find('.zy').toggleAttribute('data-heard', shown);
  find('.zy-heard-toggle').setAttribute('aria-expanded', shown);
  find('.zy-follow').hidden = true;
  find('.zy-top').inert = find('.zy-talk').inert = shown;
  if (shown === was) return;
  if (shown && heardNow) drawHeard(find('.zy-heard'), heardNow);
  (shown ? find('.zy-heard h2') : find('.zy-heard-toggle')).focus({ preventScroll: true });
}

function acted(button) {
  const card = button.closest('[data-id]'), id = card.dataset.id, kind = button.dataset.act;
  if (kind === 'details') {
    const details = card.querySelector('.zy-details');
    details.hidden = !details.hidden;
    button.setAttribute('aria-expanded', !details.hidden);
    if (details.hidden) return;
  } else if (kind !== 'open') {
    pressedNow = { ...pressedNow, [id]: pressedNow[id] === kind ? undefined : kind };
    press(pressedNow);
  }
  trigger('press', { session_id: session, item_id: id, kind: kind === 'details' || kind === 'open' ? 'click' : kind });
}

// Changes the interest by hand; the server answers with what it is then, and with a slate for it.
function edit(act) {
  const node = graph.shown.find((one) => one.key === graph.open);
  closePopover(true);
  if (act === 'takeBack') trigger('press', { session_id: session, item_id: node.id, kind: pressedNow[node.id] });
  else trigger('edit', { session_id: session, act, label: node.text });
}

element.addEventListener('click', (event) => {
  const button = event.target.closest('[data-do], [data-act], [data-wish], [data-node], [data-edit], [data-object], [data-unask]');
  if (!button) return event.target.closest('.zy-pop') || (closePopover(true), closeWhy(true));
  if (button.dataset.act === 'why') return askWhy(button);
  if (button.dataset.unask) return closeWhy(true);
  if ('object' in button.dataset) return object(button);
  closeWhy(false);
  if (button.dataset.node) return openPopover(button.dataset.node);
  if (button.dataset.edit) return edit(button.dataset.edit);
  if (button.dataset.do) TOOLS[button.dataset.do]();
  else if (button.dataset.act) acted(button);
  else send(button.dataset.wish);
});
element.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape') return;
  if (asking.pop) closeWhy(true);
  else if (graph.open) closePopover(true);
  else if (find('.zy').hasAttribute('data-heard')) sheet(false);
});
matchMedia('(min-width: 961px)').addEventListener('change', (wide) => wide.matches && sheet(false));
let drawnWidth = 0;
new ResizeObserver(([{ contentRect: { width } }]) => {
  if (heardNow && width && width !== drawnWidth) drawHeard(find('.zy-heard'), heardNow);
  drawnWidth = width;
}).observe(find('.zy-graph'));
form.addEventListener('submit', submit);
box.addEventListener('input', grow);
box.addEventListener('keydown', (event) => {
  // Enter that ends an input method's composition is not a wish to send.
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229) return;
  submit(event);
});
const hear = (name, then) => document.addEventListener(`zhiyin:${name}`, (event) => event.detail && then(event.detail));
hear('visited', show);
hear('felt', feel);
hear('why', drawWhy);
hear('turn', (turn) => (({ gone: lost, broken })[turn.state] || put)(turn));
box.maxLength = props.limit;
speak(pageLang());
open();
