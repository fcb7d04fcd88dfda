// What the script tag does: it defines the element, adds one as its `data-` attributes say, and offers `window.Zhiyin`.
import { Chat, TAG } from './element.js';

const CALLS = ['open', 'close', 'toggle', 'send', 'identify', 'context', 'track'];
const script = document.currentScript, base = new URL('.', script.src).href;

if (!customElements.get(TAG)) {
  Chat.base = base;
  customElements.define(TAG, Chat);
}

const own = script.dataset.mode !== 'element' && document.createElement(TAG);
if (own) {
  for (const [name, value] of Object.entries(script.dataset)) own.setAttribute(name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`), value);
  own.setAttribute('base', base);
}

// A bubble hangs under <html>: frameworks may change the body as they like.
function place() {
  const target = script.dataset.target && document.querySelector(script.dataset.target);
  if (!own.inline) document.documentElement.append(own);
  else if (target) target.append(own);
  else script.after(own);
}

// Calls go to the tag's own widget, else to the page's first; events come from all of them.
function interfaceOf(early) {
  const heard = [], waiting = [];
  const chat = () => own || document.querySelector(TAG);
  const calls = {
    on(name, listener) {
      const hear = ({ detail }) => listener(detail);
      heard.push({ name, listener, hear });
      document.addEventListener(`zy:${name}`, hear);
      return () => calls.off(name, listener);
    },
    off(name, listener) {
      for (const one of heard) if (one.name === name && (!listener || one.listener === listener)) document.removeEventListener(`zy:${name}`, one.hear);
    },
    push: (...wishes) => wishes.forEach(([name, ...given]) => calls[name](...given)),
    destroy() {
      for (const one of heard) document.removeEventListener(`zy:${one.name}`, one.hear);
      for (const one of document.querySelectorAll(TAG)) one.destroy();
      delete window.Zhiyin;
    },
  };
  for (const name of CALLS) calls[name] = (...given) => (chat() ? chat()[name](...given) : void waiting.push([name, ...given]));
  if (!own) calls.on('ready', () => calls.push(...waiting.splice(0)));
  calls.push(...early);
  return calls;
}

const early = window.Zhiyin;
if (!early || Array.isArray(early)) window.Zhiyin = interfaceOf(early || []);
if (own && own.inline && script.dataset.target && document.readyState === 'loading') document.addEventListener('DOMContentLoaded', place);
else if (own) place();
