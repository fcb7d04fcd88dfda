// Calls of the interface, and what keeps them from their answers.
const WAITS = [1, 2, 4, 8, 15];

// `kind`: away (not reached), busy, refused (this site may not call), gone (no such session), wrong (the rest).
export class Problem extends Error {
  constructor(kind, { detail = '', wait = 0, code = '' } = {}) {
    super(detail || kind);
    Object.assign(this, { kind, detail, wait, code });
  }

  get passes() {
    return this.kind === 'away' || this.kind === 'busy';
  }
}

export class Api {
  constructor(base) {
    this.base = base;
  }

  // The response where all is well, else a Problem. `key` makes a repeated call count once.
  async call(method, path, { body, token, key, lang, stream, ...rest } = {}) {
    const headers = { Accept: stream ? 'text/event-stream' : 'application/json' };
    if (lang) headers['Accept-Language'] = lang;
    if (body) headers['Content-Type'] = 'application/json';
    if (token) headers.Authorization = `Bearer ${token}`;
    if (key) headers['Idempotency-Key'] = key;
    let answer;
    try {
      answer = await fetch(`${this.base}api/v1/${path}`, { method, headers, body: body && JSON.stringify(body), credentials: 'omit', ...rest });
    } catch (error) {
      if (error.name === 'AbortError') throw error;
      throw new Problem((await this.#reached()) ? 'refused' : 'away');
    }
    if (!answer.ok) throw await problemOf(answer, token);
    return answer;
  }

  // A browser does not say whether the server is away or does not let this site call; an answer unread tells.
  async #reached() {
    try {
      await fetch(`${this.base}healthz`, { mode: 'no-cors', cache: 'no-store', credentials: 'omit' });
      return true;
    } catch {
      return false;
    }
  }
}

async function problemOf(answer, token) {
  const told = await answer.json().catch(() => ({}));
  const wait = Math.min(Number(answer.headers.get('Retry-After')) || 0, 120);
  return new Problem(kindOf(answer.status, token), { detail: told.detail, code: told.code, wait });
}

function kindOf(status, token) {
  if (token && (status === 401 || status === 404)) return 'gone';
  if (status === 403) return 'refused';
  if ([409, 425, 429, 503].includes(status)) return 'busy';
  return status === 502 || status === 504 ? 'away' : 'wrong';
}

// Tries until it is done or cannot be; `told` hears of each wait, and of the end of waiting.
export async function patiently(task, told, signal) {
  for (let tries = 0; ; tries += 1) {
    try {
      const result = await task();
      told(null);
      return result;
    } catch (problem) {
      if (!problem.passes || signal?.aborted) throw problem;
      const wait = problem.wait || WAITS[Math.min(tries, WAITS.length - 1)];
      told({ kind: problem.kind, wait });
      await pause(wait, signal);
      if (signal?.aborted) throw problem;
    }
  }
}

// Ends early where the network is back or nobody waits any more.
function pause(seconds, signal) {
  return new Promise((wake) => {
    setTimeout(wake, seconds * 1000);
    window.addEventListener('online', wake, { once: true });
    signal?.addEventListener('abort', wake, { once: true });
  });
}
