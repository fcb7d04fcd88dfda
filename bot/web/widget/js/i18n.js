import strings from './strings.json';

// The reader's language: what the site says, else its page, else the browser.
export function langOf(...wishes) {
  const wish = [...wishes, document.documentElement.lang, navigator.language].find(Boolean) || '';
  return wish.toLowerCase().startsWith('zh') ? 'zh' : 'en';
}

export const textOf = (lang) => strings[lang];

// A price as it is said: 199元, $29; nothing where it is not for sale.
export function priceOf(amount, currency, lang) {
  if (amount == null) return '';
  if (amount === 0) return strings[lang].free;
  if ((currency || 'CNY') === 'CNY') return `${amount}${strings[lang].yuan}`;
  try {
    const digits = { minimumFractionDigits: Number.isInteger(amount) ? 0 : 2 };
    return new Intl.NumberFormat(lang, { style: 'currency', currency, currencyDisplay: 'narrowSymbol', ...digits }).format(amount);
  } catch {
    return `${amount} ${currency}`;
  }
}
