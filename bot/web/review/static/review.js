// Keys only; every page works without them. j k move, Enter opens what has focus, / searches, n p turn pages,
// in a conversation [ ] go to its neighbours and u back to the list.
(() => {
  const all = (what) => [...document.querySelectorAll(what)];
  const typing = (node) => node.closest('input, textarea, select, [contenteditable]');
  const stops = () => all('[data-row], [data-turn]');
  const follow = (what) => document.querySelector(what)?.click();

  const step = (by) => {
    const list = stops();
    if (!list.length) return;
    const at = list.findIndex((node) => node === document.activeElement || node.contains(document.activeElement));
    const next = list[Math.min(list.length - 1, Math.max(0, at < 0 ? (by > 0 ? 0 : list.length - 1) : at + by))];
    next.focus({ preventScroll: true });
    next.scrollIntoView({ block: next.matches('[data-turn]') ? 'start' : 'nearest' });
  };
  const keys = {
    j: () => step(1),
    k: () => step(-1),
    '/': () => document.querySelector('[data-search]')?.focus(),
    n: () => follow('[data-page=list] [data-older]'),
    p: () => follow('[data-page=list] [data-newer]'),
    ']': () => follow('[data-page=talk] [data-older]'),
    '[': () => follow('[data-page=talk] [data-newer]'),
    u: () => follow('[data-up]'),
  };
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'Escape' && typing(event.target)) return event.target.blur();
    if (typing(event.target) || !keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  });
  // On a phone the filters begin folded, so that the list is seen at once.
  if (matchMedia('(max-width: 900px)').matches) all('.more-filters').forEach((node) => node.removeAttribute('open'));
})();
