// Types of the widget's interface: `window.Zhiyin`, its events, and the element.
// Put this file beside your own sources; it declares globals and needs no import.

declare namespace Zhiyin {
  type Lang = 'zh' | 'en';
  type Kind = 'like' | 'dislike' | 'hide' | 'click' | 'browse' | 'purchase' | 'rating' | 'undo';

  /** A card as the interface has it. `score` is the sum of `parts`. */
  interface Card {
    id: string;
    title: string;
    domain: string;
    category: string | null;
    brand: string | null;
    price: number | null;
    currency: string | null;
    year: number | null;
    tags: string[];
    url: string | null;
    image_url: string | null;
    description: string | null;
    attributes: Record<string, string | number | boolean | string[]>;
    score: number;
    parts: Record<string, number>;
    because: { kind: string; text: string; turn_id: string | null }[];
  }

  /** What an event tells, by its name; `site` is the widget's site, empty for the one without a name. */
  interface Events {
    ready: Told;
    open: Told;
    close: Told;
    message: Told & { text: string };
    slate: Told & { slate_id: string; items: Card[] };
    click: Told & { item_id: string; title: string; url: string };
    feedback: Told & { item_id: string; kind: 'like' | 'dislike' | 'undo' };
    error: Told & { kind: 'away' | 'busy' | 'refused' | 'gone' | 'wrong'; message: string };
  }
  interface Told {
    site: string;
  }

  /** What the host page's visitor looks at. */
  interface Context {
    item_id?: string | null;
  }

  /** What can be done with one widget, and with all of them through `window.Zhiyin`. */
  interface Actions {
    open(): void;
    close(): void;
    toggle(): void;
    send(words: string): void;
    /** `hash`: hex HMAC-SHA256 of the id, made by your server; null when they log out. */
    identify(visitor: string | null, hash?: string): void;
    context(of?: Context | null): void;
    /** `value`: stars of a rating (1 to 5), seconds of a browse. */
    track(kind: Kind, item_id: string, value?: number): void;
    destroy(): void;
  }

  interface Interface extends Actions {
    /** Listens; what it returns ends it. */
    on<Name extends keyof Events>(name: Name, listener: (detail: Events[Name]) => void): () => void;
    /** Ends one listener of an event, or all of them. */
    off<Name extends keyof Events>(name: Name, listener?: (detail: Events[Name]) => void): void;
    /** Calls by name: what a page may also do before the script is there. */
    push(...calls: Call[]): void;
  }

  // A list is not told apart by two of its values, so that a listener here takes any detail.
  type Call =
    | ['open' | 'close' | 'toggle' | 'destroy']
    | ['send', string]
    | ['identify', string | null, string?]
    | ['context', (Context | null)?]
    | ['track', Kind, string, number?]
    | ['on', keyof Events, (detail: any) => void]
    | ['off', keyof Events, ((detail: any) => void)?];

  /** Attributes of the element, as the tag's `data-` attributes without their prefix. */
  interface Attributes {
    base?: string;
    site?: string;
    mode?: 'bubble' | 'inline';
    lang?: Lang;
    theme?: 'auto' | 'light' | 'dark';
    position?: 'right' | 'left';
    'item-id'?: string;
    'item-url'?: string;
    heading?: string;
    label?: string;
    accent?: string;
    suggestions?: string;
    domains?: string;
    privacy?: string;
  }
}

/** `<zhiyin-chat>`. Each event is a `CustomEvent` on it too, and bubbles up to the document. */
interface ZhiyinChat extends HTMLElement, Zhiyin.Actions {}

type ZhiyinEvents = { [Name in keyof Zhiyin.Events as `zy:${Name}`]: CustomEvent<Zhiyin.Events[Name]> };

declare const Zhiyin: Zhiyin.Interface;
interface Window {
  /** Before the script is there, a list of calls: `window.Zhiyin ??= [] as never`. */
  Zhiyin: Zhiyin.Interface;
}
interface HTMLElementTagNameMap {
  'zhiyin-chat': ZhiyinChat;
}
interface DocumentEventMap extends ZhiyinEvents {}
interface HTMLElementEventMap extends ZhiyinEvents {}
