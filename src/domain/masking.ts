/** Secrets as they are never shown: replaced by stars where a text enters the server. Pure. */
import { HIDDEN } from "./hidden_value.ts";

/** Shorter values are in too many texts that have nothing to do with them. */
const LENGTH_MIN = 8;
const SECRET_NAME = /KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL/i;

/** The keys and tokens that this server makes. */
const OWN = /(?<![\w-])(?:sk-|sess_|task_[0-9a-z]{1,10}_)[\w-]{32}(?![\w-])/g;
/** What may be the beginning of one, at the end of a text that goes on. */
const OWN_BEGUN = /(?<![\w-])(?:s|sk|se|ses|sess|(?:sk-|sess_|task_[0-9a-z]{1,10}_)[\w-]{0,32})$/;

/** The values of variables whose names say that they are secret. */
export function secretValues(env: Readonly<Record<string, string>>): string[] {
  return Object.entries(env).flatMap(([name, value]) =>
    SECRET_NAME.test(name) && value.length >= LENGTH_MIN ? [value] : []
  );
}

export class Masker {
  readonly #values: readonly string[];
  readonly #pattern: RegExp | undefined;

  constructor(values: Iterable<string>) {
    // A program may print a value as JSON. The longest comes first, since one may be the beginning of another.
    const forms = [...values].filter(({ length }) => length >= LENGTH_MIN)
      .flatMap((value) => [value, JSON.stringify(value).slice(1, -1)]);
    this.#values = [...new Set(forms)].sort((a, b) => b.length - a.length);
    this.#pattern = this.#values.length === 0
      ? undefined
      : new RegExp(this.#values.map(RegExp.escape).join("|"), "g");
  }

  text(text: string): string {
    if (text.length < LENGTH_MIN) return text;
    const known = this.#pattern === undefined ? text : text.replace(this.#pattern, HIDDEN);
    return known.replace(OWN, HIDDEN);
  }

  /** The same value with all of its texts masked. */
  deep<T>(value: T): T {
    if (typeof value === "string") return this.text(value) as T;
    if (value === null || typeof value !== "object") return value;
    if (Array.isArray(value)) return value.map((each) => this.deep(each)) as T;
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, this.deep(each)])) as T;
  }

  /** A text that comes in pieces: a secret may be cut anywhere. */
  stream(): MaskedStream {
    let held = "";
    return {
      push: (piece) => {
        const masked = this.text(held + piece);
        const at = this.#begun(masked);
        held = masked.slice(at);
        return masked.slice(0, at);
      },
      end: () => {
        const rest = held;
        held = "";
        return rest;
      },
    };
  }

  /** Where a secret may begin that the text does not end. */
  #begun(text: string): number {
    let at = OWN_BEGUN.exec(text.slice(-64))?.index;
    at = at === undefined ? text.length : Math.max(0, text.length - 64) + at;
    for (const value of this.#values) {
      for (let length = Math.min(value.length - 1, text.length); length > text.length - at; length--) {
        if (text.endsWith(value.slice(0, length))) at = text.length - length;
      }
    }
    return at;
  }
}

export interface MaskedStream {
  /** The next piece, but for what may be the beginning of a secret. */
  push(piece: string): string;
  /** What is left. */
  end(): string;
}

const FOLLOWING =
  /(\s--?[\w-]*(?:key|token|secret|password|credential)[\w-]*(?:[= ]\s*)|\bBearer\s+)("[^"]*"|'[^']*'|[^\s"']+)/gi;
const SHAPES = /\b(?:sk-[\w-]{8,}|sess_[\w-]{8,}|eyJ[\w-]{4,}\.[\w-]{4,}\.[\w-]*)/g;

/** A command line, in which keys and tokens of others may be too. */
export function maskedCommand(line: string, masker: Masker): string {
  return withoutTokens(masker.text(line).replace(FOLLOWING, `$1${HIDDEN}`));
}

/** The text without what looks like a key or a token, whoever made it. */
export function withoutTokens(text: string): string {
  return text.length < LENGTH_MIN ? text : text.replace(SHAPES, HIDDEN);
}
