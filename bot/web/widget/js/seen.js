// Which cards were truly seen: half of one in sight for a second. Those of one moment are told of together.
const SECOND = 1000, HALF = 0.5;

// `tell`: told of a slate and the cards on it that were seen.
export function sightOf(tell) {
  const watched = new WeakMap(), seen = new Map();
  const eye = new IntersectionObserver((all) => {
    for (const { target, intersectionRatio: share } of all) {
      const one = watched.get(target);
      clearTimeout(one.timer);
      if (share >= HALF) one.timer = setTimeout(see, SECOND, one);
    }
  }, { threshold: HALF });

  function see({ node, slate, card }) {
    if (document.hidden) return;
    eye.unobserve(node);
    if (!seen.size) setTimeout(told);
    seen.set(slate, [...(seen.get(slate) || []), card]);
  }

  function told() {
    seen.forEach((cards, slate) => tell(slate, cards));
    seen.clear();
  }

  return (node, slate, card) => {
    if (!slate || card.seen) return;
    watched.set(node, { node, slate, card });
    eye.observe(node);
  };
}
