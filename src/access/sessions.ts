/** The sessions that are open: those of tokens, and those of sockets that showed a key with their first request. */
import type { Clock } from "../clock/clock.ts";
import { actorKey } from "../domain/actor.ts";
import type { Identity, OpenSession } from "./identity.ts";

/** How many sessions one key may have, and how many there may be. Beyond that, the oldest ends. */
const SESSIONS_PER_KEY = 100;
const SESSIONS_MAX = 10_000;

export interface NewSession {
  identity: Identity;
  ip: string;
  digest?: string;
}

export class Sessions {
  readonly #clock: Clock;
  readonly #isValid: (identity: Identity) => boolean;
  /** The oldest first. */
  readonly #open = new Map<string, OpenSession>();
  readonly #byDigest = new Map<string, OpenSession>();
  readonly #onEnd: (() => void)[] = [];

  /** `isValid`: whether the key behind an identity still holds. */
  constructor(clock: Clock, isValid: (identity: Identity) => boolean) {
    this.#clock = clock;
    this.#isValid = isValid;
  }

  /** Called whenever sessions have ended before their time. */
  onEnd(ended: () => void): void {
    this.#onEnd.push(ended);
  }

  /** Opens a session. The oldest one of the same key ends if it has too many. */
  open({ identity, ip, digest }: NewSession): OpenSession {
    const now = this.#clock.now();
    const session: OpenSession = {
      id: `session_${crypto.randomUUID()}`,
      get identity() {
        return own;
      },
      digest,
      ip,
      started_ms: now,
      last_seen_ms: now,
    };
    const own: Identity = { ...identity, session };
    this.#open.set(session.id, session);
    if (digest !== undefined) this.#byDigest.set(digest, session);
    this.#boundBy(own);
    return session;
  }

  /** The session with this token. */
  withToken(digest: string): OpenSession | undefined {
    const session = this.#byDigest.get(digest);
    if (session === undefined || this.#isLive(session)) return session;
    this.#remove(session);
    return undefined;
  }

  get(id: string): OpenSession | undefined {
    const session = this.#open.get(id);
    return session && this.#isLive(session) ? session : undefined;
  }

  has(session: OpenSession): boolean {
    return this.#open.get(session.id) === session;
  }

  /** The oldest first. */
  list(): OpenSession[] {
    for (const session of this.#open.values()) if (!this.#isLive(session)) this.#remove(session);
    return [...this.#open.values()];
  }

  /** Ends it, if it is open. */
  end(session: OpenSession): void {
    if (!this.has(session)) return;
    this.#remove(session);
    for (const ended of this.#onEnd) ended();
  }

  #isLive({ identity }: OpenSession): boolean {
    return identity.expires_ms > this.#clock.now() && this.#isValid(identity);
  }

  #remove({ id, digest }: OpenSession): void {
    this.#open.delete(id);
    if (digest !== undefined) this.#byDigest.delete(digest);
  }

  /** The owner's are not bounded by their number, only all together. */
  #boundBy({ actor }: Identity): void {
    if (actor.kind !== "owner") {
      const own = [...this.#open.values()].filter(({ identity }) => isSame(identity, actor));
      if (own.length > SESSIONS_PER_KEY) this.end(own[0]!);
    }
    if (this.#open.size <= SESSIONS_MAX) return;
    const oldest = this.list()[0];
    if (this.#open.size > SESSIONS_MAX && oldest) this.end(oldest);
  }
}

function isSame(identity: Identity, actor: Identity["actor"]): boolean {
  return actorKey(identity.actor) === actorKey(actor);
}
