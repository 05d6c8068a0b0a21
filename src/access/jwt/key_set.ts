/** The keys that an identity provider publishes, fetched again at most once a minute. */
import { getLogger } from "@logtape/logtape";
import { createLocalJWKSet, errors, type JWTVerifyGetKey } from "jose";
import * as z from "zod";
import type { Clock } from "../../clock/clock.ts";

const log = getLogger(["opencode-agents", "security"]);

/** A key that the provider has removed stops within this time. */
const FRESH_MS = 60_000;
/** How long the last keys hold while the provider cannot be reached. */
const STALE_MS = 600_000;
const TIMEOUT_MS = 5000;
const BYTES_MAX = 1 << 20;

/** A JWK set (RFC 7517), as far as it is looked at before a key is used. */
const PublishedKeys = z.looseObject({ keys: z.array(z.looseObject({ kty: z.string() })) });

export class KeySet {
  readonly #url: string;
  readonly #clock: Clock;
  #keys: JWTVerifyGetKey | undefined;
  #fetched_ms = -Infinity;
  #tried_ms = -Infinity;
  #fetching: Promise<void> | undefined;

  constructor(url: string, clock: Clock) {
    this.#url = url;
    this.#clock = clock;
  }

  /** Finds the key of a token. Rejects with an error of jose if there is none. */
  readonly find: JWTVerifyGetKey = async (header, token) => {
    if (this.#isOlderThan(this.#fetched_ms, FRESH_MS)) await this.#fetchOnce();
    try {
      return await this.#current()(header, token);
    } catch (error) {
      // A key that is not known may be new.
      if (!(error instanceof errors.JWKSNoMatchingKey) || !this.#mayTry()) throw error;
      await this.#fetchOnce();
      return await this.#current()(header, token);
    }
  };

  #current(): JWTVerifyGetKey {
    if (this.#keys && !this.#isOlderThan(this.#fetched_ms, STALE_MS)) return this.#keys;
    throw new errors.JWKSNoMatchingKey("The keys of the identity provider cannot be had");
  }

  #isOlderThan(at_ms: number, age_ms: number): boolean {
    return this.#clock.monotonic() - at_ms >= age_ms;
  }

  #mayTry(): boolean {
    return this.#isOlderThan(this.#tried_ms, FRESH_MS);
  }

  /** Never rejects. */
  async #fetchOnce(): Promise<void> {
    if (this.#fetching === undefined) {
      if (!this.#mayTry()) return;
      this.#tried_ms = this.#clock.monotonic();
      this.#fetching = this.#fetch().catch((error) => {
        log.warn("The keys of {url} cannot be fetched: {error}", { url: this.#url, error: String(error) });
      }).finally(() => this.#fetching = undefined);
    }
    await this.#fetching;
  }

  async #fetch(): Promise<void> {
    const response = await fetch(this.#url, {
      redirect: "error",
      headers: { accept: "application/jwk-set+json, application/json" },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const text = await boundedText(response);
    if (!response.ok) throw new Error(`status ${response.status}`);
    this.#keys = createLocalJWKSet(PublishedKeys.parse(JSON.parse(text)));
    this.#fetched_ms = this.#clock.monotonic();
  }
}

async function boundedText({ body }: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > BYTES_MAX) throw new Error(`more than ${BYTES_MAX} bytes`);
  }
  return text + decoder.decode();
}
