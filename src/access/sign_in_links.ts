/** The tokens of links that sign the owner's browser in. Each is taken once. */
import type { Clock } from "../clock/clock.ts";
import { readSignInToken } from "../domain/sign_in_link.ts";

export class SignInLinks {
  readonly #clock: Clock;
  readonly #owner_token: string;
  readonly #start_ms: number;
  /** When each used token expires, by its nonce. */
  readonly #used = new Map<string, number>();

  /** `owner_token`: what the tokens are made from. */
  constructor(clock: Clock, owner_token: string) {
    this.#clock = clock;
    this.#owner_token = owner_token;
    this.#start_ms = clock.now();
  }

  /** Uses the token up. Returns false if it is wrong, has expired or was used before. */
  async take(token: string): Promise<boolean> {
    const said = await readSignInToken(token, this.#owner_token);
    const now_ms = this.#clock.now();
    // Which ones were used before the start is not known.
    if (!said || said.expires_ms <= now_ms || said.made_ms < this.#start_ms) return false;
    for (const [nonce, expires_ms] of this.#used) if (expires_ms <= now_ms) this.#used.delete(nonce);
    if (this.#used.has(said.nonce)) return false;
    this.#used.set(said.nonce, said.expires_ms);
    return true;
  }
}
