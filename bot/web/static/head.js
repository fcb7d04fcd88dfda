// Before the first paint: the chosen or the system's light or dark, so that nothing flashes.
(() => {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const set = () => {
    const chosen = /(?:^|; )zhiyin_theme=(light|dark)/.exec(document.cookie);
    document.documentElement.dataset.theme = chosen ? chosen[1] : dark.matches ? 'dark' : 'light';
  };
  set();
  dark.addEventListener('change', set);
})();
