// The reader's language: what the site says, else its page, else the browser.
export function langOf(wish) {
  const lang = wish || document.documentElement.lang || navigator.language;
  return lang.toLowerCase().startsWith('zh') ? 'zh' : 'en';
}

// A price as it is said: 199元, $29; nothing where the item is not for sale.
export function priceOf({ price, currency = 'CNY' }, text) {
  if (price == null) return '';
  if (price === 0) return text.free;
  const amount = Number.isInteger(price) ? String(price) : price.toFixed(2), pattern = text.money[currency || 'CNY'];
  return pattern ? pattern.replace('0', amount) : `${amount} ${currency}`;
}
