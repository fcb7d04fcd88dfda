// What the browser keeps. Where it may keep nothing, all works the same, only that it is forgotten.
export function keeper(area, key) {
  const attempt = (task) => {
    try {
      return task(window[area]);
    } catch {
      return null;
    }
  };
  return {
    key,
    read: () => attempt((kept) => JSON.parse(kept.getItem(key))),
    write: (value) => attempt((kept) => (value == null ? kept.removeItem(key) : kept.setItem(key, JSON.stringify(value)))),
  };
}
