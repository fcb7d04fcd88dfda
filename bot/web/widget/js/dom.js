// Builds nodes. Whatever comes from outside becomes a text node or an attribute, never markup.
const SVG = 'http://www.w3.org/2000/svg';

// A function among the attributes listens: `onclick`.
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') node.addEventListener(name.slice(2), value);
    else if (value !== '' && value != null && value !== false) node.setAttribute(name, value === true ? '' : value);
  }
  node.append(...children.filter((child) => child !== '' && child != null && child !== false));
  return node;
}

export function svg(size, paths, name = 'icon') {
  const node = document.createElementNS(SVG, 'svg');
  node.setAttribute('viewBox', `0 0 ${size} ${size}`);
  node.setAttribute('class', name);
  node.setAttribute('aria-hidden', 'true');
  for (const d of paths) {
    const path = document.createElementNS(SVG, 'path');
    path.setAttribute('d', d);
    node.append(path);
  }
  return node;
}

export const fill = (pattern, values) => pattern.replace(/\{(\w+)\}/g, (_, name) => values[name]);

// Only what changed touches the page, so that a reader is told of it once.
export function write(node, words) {
  if (node.textContent !== words) node.textContent = words;
}

// The address if a browser may be sent there, else nothing.
export function webAddress(url) {
  try {
    const { protocol, href } = new URL(url);
    return /^https?:$/.test(protocol) ? href : '';
  } catch {
    return '';
  }
}
