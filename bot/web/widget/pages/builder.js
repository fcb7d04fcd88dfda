// The page that builds the tag: options, what they look like, and the tag to copy.
const TEXT = {
  en: {
    title: 'Zhiyin on your site', lead: 'Choose, look, copy one tag.', options: 'Options', mode: 'Shape', bubble: 'Bubble', inline: 'In the page', language: 'Language', page: 'As the page', theme: 'Light', auto: 'Auto', light: 'Light', dark: 'Dark',
    position: 'Corner', right: 'Right', left: 'Left', accent: 'Colour', heading: 'Title (optional)', label: 'Words on the bubble (optional)', site: 'Site name, if there are several', item: 'Item that the page shows (optional)',
    seen: 'As it looks', tag: 'The tag', copy: 'Copy', copied: 'Copied', note: 'Put it before </body>. The site must be allowed in ZHIYIN_WIDGET_ORIGINS.', shop: 'A clothes shop with it', films: 'A film site with it', other: '中文',
  },
  zh: {
    title: '把知音放进你的网站', lead: '选一选，看一看，复制一行标签。', options: '选项', mode: '形式', bubble: '气泡', inline: '嵌在页面里', language: '语言', page: '随页面', theme: '明暗', auto: '自动', light: '浅色', dark: '深色',
    position: '角落', right: '右下', left: '左下', accent: '颜色', heading: '标题（可不填）', label: '气泡上的字（可不填）', site: '站点名（有多个站点时填）', item: '页面上的商品编号（可不填）',
    seen: '看起来是这样', tag: '标签', copy: '复制', copied: '已复制', note: '放在 </body> 之前。网站的来源要写进 ZHIYIN_WIDGET_ORIGINS。', shop: '看看衣服店的样子', films: '看看电影网站的样子', other: 'English',
  },
};
const SEAL = '#a93b24', ORDER = ['site', 'mode', 'lang', 'theme', 'position', 'accent', 'heading', 'label', 'item-id'];
const form = document.querySelector('form'), place = document.querySelector('.place'), code = document.querySelector('code');
let lang = navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en';

// What was chosen, without what is so anyway.
function chosen() {
  const told = Object.fromEntries(new FormData(form));
  if (told.mode === 'bubble') delete told.mode;
  else for (const name of ['position', 'label']) delete told[name];
  if (told.accent === SEAL) delete told.accent;
  return ORDER.filter((name) => told[name]?.trim()).map((name) => [name, told[name].trim()]);
}

const quoted = (value) => value.replace(/&/g, '&amp;').replace(/"/g, '&quot;').replace(/</g, '&lt;');

function show() {
  const options = chosen(), inline = options.some(([name]) => name === 'mode');
  const source = new URL('widget.js', location.href).href;
  code.textContent = `<script src="${source}" async${options.map(([name, value]) => ` data-${name}="${quoted(value)}"`).join('')}></script>`;
  for (const only of document.querySelectorAll('[data-bubble]')) only.hidden = inline;
  const chat = document.createElement('zhiyin-chat');
  for (const [name, value] of options) chat.setAttribute(name, value);
  if (!chat.hasAttribute('lang')) chat.setAttribute('lang', lang);
  place.classList.toggle('inline', inline);
  chat.style.setProperty('--zy-height', inline ? '100%' : '510px');
  place.replaceChildren(chat);
  if (!inline) customElements.whenDefined('zhiyin-chat').then(() => chat.open({ quiet: true }));
}

function speak() {
  document.documentElement.lang = lang === 'zh' ? 'zh-CN' : 'en';
  for (const node of document.querySelectorAll('[data-text]')) node.textContent = TEXT[lang][node.dataset.text];
  document.title = TEXT[lang].title;
  document.getElementById('lang').textContent = TEXT[lang].other;
  show();
}

let wait = 0;
form.addEventListener('input', () => { clearTimeout(wait); wait = setTimeout(show, 200); });
form.addEventListener('submit', (event) => event.preventDefault());
document.getElementById('lang').addEventListener('click', () => { lang = lang === 'zh' ? 'en' : 'zh'; speak(); });
document.getElementById('copy').addEventListener('click', async ({ currentTarget: button }) => {
  try {
    await navigator.clipboard.writeText(code.textContent);
  } catch {
    getSelection().selectAllChildren(code);
    return;
  }
  document.querySelector('.news').textContent = button.textContent = TEXT[lang].copied;
  setTimeout(() => { button.textContent = TEXT[lang].copy; }, 1500);
});
speak();
