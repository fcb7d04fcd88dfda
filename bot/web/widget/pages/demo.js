// A small site with a list and a page for each item, such as might use the widget.
const SHAPES = {
  clothing: ['M17 8 8 13l3 8.5 4-1.5v20h18V20l4 1.5L40 13l-9-5c-1 4-4 5.5-7 5.5S18 12 17 8Z'],
  trousers: ['M15 8h18l4 32h-9.5L24 20l-3.5 20H11Z', 'M14.5 14h19'],
  film: ['M8 20h32v18a2 2 0 0 1-2 2H10a2 2 0 0 1-2-2Z', 'm8 20-1.5-6.5 31-6.5L39 13.5Z', 'm16 11.5 4.5 6', 'm25.5 9.5 4.5 6'],
};
const SVG = 'http://www.w3.org/2000/svg';
const goods = JSON.parse(document.getElementById('goods').textContent);
const asked = new URLSearchParams(location.search);
const main = document.querySelector('main'), list = document.querySelector('.goods');

window.Zhiyin = window.Zhiyin || [];

function make(tag, name, ...children) {
  const node = document.createElement(tag);
  if (name) node.className = name;
  node.append(...children);
  return node;
}

function art({ shape, hue }) {
  const frame = make('span', 'art'), drawing = document.createElementNS(SVG, 'svg');
  drawing.setAttribute('viewBox', '0 0 48 48');
  drawing.setAttribute('aria-hidden', 'true');
  for (const d of SHAPES[shape]) {
    const path = document.createElementNS(SVG, 'path');
    path.setAttribute('d', d);
    drawing.append(path);
  }
  frame.style.setProperty('--hue', hue);
  frame.append(drawing);
  return frame;
}

const price = (item) => (item.price ? `${item.price}${main.dataset.unit || ''}` : '');

function tile(item) {
  const link = make('a', 'tile', art(item), make('strong', '', item.title), make('span', 'note', item.note), make('span', 'price', price(item)));
  link.href = `?item=${encodeURIComponent(item.id)}`;
  return link;
}

function detail(item) {
  const buy = make('button', 'buy', main.dataset.buy), back = make('a', 'back', `← ${main.dataset.back}`);
  back.href = '?';
  buy.type = 'button';
  buy.addEventListener('click', () => {
    window.Zhiyin.push(['track', 'purchase', item.id]);
    buy.textContent = main.dataset.bought;
    buy.disabled = true;
  });
  const page = make('article', 'detail', art(item), make('div', '', back, make('h1', '', item.title), make('p', 'note', item.note), make('p', 'price', price(item)), buy));
  document.querySelector('.lead').replaceWith(page);
  window.Zhiyin.push(['context', { item_id: item.id }]);
}

const shown = goods.find((item) => item.id === asked.get('item')) || (asked.has('item') && { id: asked.get('item'), title: asked.get('item'), note: '', shape: goods[0].shape, hue: 200 });
if (shown) detail(shown);
list.append(...goods.filter((item) => item !== shown && (!asked.has('kind') || item.kind === asked.get('kind'))).map(tile));
document.querySelector('[data-ask]').addEventListener('click', (event) => window.Zhiyin.push(['send', event.currentTarget.dataset.ask]));
