/** Who a client is, by the key or token it shows, and what it may do. Clients that guess are blocked for a while. */
import { type Clock, isoTime } from "../clock/clock.ts";
import { keyActor, OWNER } from "../domain/actor.ts";
import type { Permission } from "../domain/access_key.ts";
import { ApiError } from "../domain/errors.ts";
import type { SecurityAlert } from "../protocol/pushes.ts";
import { type Identity, isKnown, NOBODY } from "./identity.ts";
import type { Keys } from "./keys.ts";
import { isTaskToken, type TaskTokens } from "./task_tokens.ts";
import { digestOf, isSessionToken, newSecret } from "./secrets.ts";
import { SlidingWindow, WINDOW_SECONDS } from "./windows.ts";

/** Wrong keys from one address within a minute before it is blocked. */
const FAILURES_MAX = 10;
const BLOCKED_MS = 300_000;
/** How many addresses with failures are remembered. The one that failed longest ago is forgotten first. */
const WATCHED_MAX = 1000;
/** How many sessions may be open. Beyond that, the oldest ends. */
const SESSIONS_MAX = 10_000;

export interface AuthenticationOptions {
  clock: Clock;
  keys: Pick<Keys, "find" | "isValid">;
  /** The tokens of agents at work. */
  tasks: Pick<TaskTokens, "find" | "isValid">;
  /** Whether clients must show a key or a token. */
  required: boolean;
  session_ms: number;
  /** Called for everything that may be an attack. */
  note(alert: SecurityAlert["alert_type"], client_ip: string, details?: Record<string, unknown>): void;
}

/** The credentials of a request. */
export interface Shown {
  authorization: string | null;
  ip: string;
  /** The request asks why the one before was refused: the wrong key of that one is not counted again. */
  isProbe?: boolean;
}

interface Failures {
  window: SlidingWindow;
  blocked_until_ms: number;
  /** The digest of the wrong key that was counted last, until a probe has asked about it. */
  last?: string;
}

export class Authentication {
  readonly #options: AuthenticationOptions;
  /** By the digest of its token. */
  readonly #sessions = new Map<string, Identity>();
  readonly #failures = new Map<string, Failures>();

  constructor(options: AuthenticationOptions) {
    this.#options = options;
  }

  get isRequired(): boolean {
    return this.#options.required;
  }

  /**
   * Opens the owner's session and returns its token, which may do everything. It is for those who can read the owner's
   * files. `left`: the token that a killed server left there. It stays valid, because a client that follows a task may
   * reconnect before the new address is written.
   */
  async openForOwner(left?: string): Promise<string> {
    const owner: Identity = { actor: OWNER, permissions: ["read", "write", "admin"], expires_ms: Infinity };
    const token = isSessionToken(left) ? left : newSecret("sess_");
    this.#open(owner, await digestOf(token));
    return token;
  }

  /**
   * Opens a session for a key, or finds the session of a token. Throws `INVALID_AUTH_TOKEN`, or `RATE_LIMIT_EXCEEDED`
   * after too many wrong ones.
   */
  async authenticate(
    api_key: string,
    client_ip: string,
  ): Promise<{ session_token: string; identity: Identity }> {
    const agent = this.#agentWith(api_key);
    if (agent) return { session_token: api_key, identity: agent };
    const digest = await digestOf(api_key);
    // From here on nothing waits, so that guesses sent at once are counted one after another.
    this.#refuseBlocked(client_ip);
    const key = this.#options.keys.find(digest);
    if (key === undefined) {
      // A session's token continues that session.
      const identity = this.#find(digest);
      if (identity === undefined) throw this.#failed(client_ip, digest);
      return { session_token: api_key, identity };
    }
    const expires_ms = this.#options.clock.now() + this.#options.session_ms;
    const identity = { actor: keyActor(key), permissions: key.permissions, expires_ms };
    const session_token = newSecret("sess_");
    this.#open(identity, await digestOf(session_token));
    return { session_token, identity };
  }

  /**
   * Identifies the sender of a request by its `Authorization` header: a key or a session's token as `Bearer`. Without
   * the header, the sender is anonymous. Rejects as `authenticate` does.
   */
  async identify({ authorization, ip, isProbe = false }: Shown): Promise<Identity> {
    if (authorization === null) return NOBODY;
    const shown = /^Bearer +(\S+)$/i.exec(authorization)?.[1] ?? "";
    const agent = this.#agentWith(shown);
    if (agent) return agent;
    const digest = await digestOf(shown);
    // See `authenticate`.
    this.#refuseBlocked(ip);
    const key = this.#options.keys.find(digest);
    if (key) return { actor: keyActor(key), permissions: key.permissions, expires_ms: Infinity };
    const identity = this.#find(digest);
    if (identity === undefined) {
      throw isProbe && this.#wasCounted(ip, digest)
        ? wrongKey()
        : this.#failed(ip, isProbe ? undefined : digest);
    }
    return identity;
  }

  /**
   * Throws `AUTHENTICATION_REQUIRED` or `PERMISSION_DENIED` unless `identity` has `permission`. If authentication is not
   * required, everyone may do everything but the agents of tasks.
   */
  authorise(permission: Permission, what: string, identity: Identity, client_ip: string): void {
    if (this.allows(permission, identity)) return;
    if (!isKnown(identity) || !this.isValid(identity)) {
      throw new ApiError("AUTHENTICATION_REQUIRED", "Show an API key first: send 'authenticate'", {
        permission,
        expected: "authenticate with an api_key, or Authorization: Bearer over HTTP",
      });
    }
    const { kind, id } = identity.actor;
    const who = kind === "agent" ? `The agent of task '${id}'` : "This key";
    const which = kind === "agent" ? { task_id: id } : { key_id: id };
    this.#options.note("authorization_denied", client_ip, { operation: what, ...which });
    throw new ApiError("PERMISSION_DENIED", `${who} may not use '${what}': it needs '${permission}'`, {
      permission,
      permissions: [...identity.permissions],
    });
  }

  /** Whether `identity` has `permission`; all but the agents of tasks have, if authentication is not required. */
  allows(permission: Permission, identity: Identity): boolean {
    if (!this.#options.required && identity.actor.kind !== "agent") return true;
    return isKnown(identity) && this.isValid(identity) && identity.permissions.includes(permission);
  }

  /** Whether a session, or the key behind it, is still valid. */
  isValid(identity: Identity): boolean {
    const { actor, expires_ms } = identity;
    if (actor.kind === "agent") return this.#options.tasks.isValid(identity);
    return expires_ms > this.#options.clock.now() &&
      (actor.kind !== "key" || this.#options.keys.isValid(actor.id!));
  }

  /**
   * The agent with this token; undefined if it is no task's token. Throws `INVALID_AUTH_TOKEN` for one that has ended. That
   * is no guess: what an agent leaves at work goes on to show it.
   */
  #agentWith(token: string): Identity | undefined {
    if (!isTaskToken(token)) return undefined;
    const agent = this.#options.tasks.find(token);
    if (agent !== undefined) return agent;
    throw new ApiError(
      "INVALID_AUTH_TOKEN",
      "This token of a task has ended with the attempt it was made for",
      {
        expected: "the token in OPENCODE_AGENTS_TASK_TOKEN of a running agent",
      },
    );
  }

  #open(identity: Identity, digest: string): void {
    this.#sessions.set(digest, identity);
    if (this.#sessions.size > SESSIONS_MAX) this.#endOldest();
  }

  /** Ends the expired sessions, or else the oldest; never the owner's. */
  #endOldest(): void {
    let oldest: string | undefined;
    for (const [digest, identity] of this.#sessions) {
      if (!this.isValid(identity)) this.#sessions.delete(digest);
      else if (identity.actor.kind !== "owner") oldest ??= digest;
    }
    if (this.#sessions.size > SESSIONS_MAX && oldest !== undefined) this.#sessions.delete(oldest);
  }

  #find(digest: string): Identity | undefined {
    const identity = this.#sessions.get(digest);
    if (identity === undefined || this.isValid(identity)) return identity;
    this.#sessions.delete(digest);
    return undefined;
  }

  /** Whether this is the wrong key that was counted last. One probe about it is free. */
  #wasCounted(client_ip: string, digest: string): boolean {
    const failures = this.#failures.get(client_ip);
    if (failures?.last !== digest) return false;
    failures.last = undefined;
    return true;
  }

  #failed(client_ip: string, digest: string | undefined): ApiError {
    const now_ms = this.#options.clock.monotonic();
    const failures: Failures = this.#failures.get(client_ip) ??
      { window: new SlidingWindow(), blocked_until_ms: 0 };
    // Set again, so that the map is in the order of the last failure.
    this.#failures.delete(client_ip);
    this.#failures.set(client_ip, failures);
    if (this.#failures.size > WATCHED_MAX) this.#failures.delete(this.#failures.keys().next().value!);
    failures.window.add(now_ms);
    failures.last = digest;
    this.#options.note("authentication_failure", client_ip);
    if (failures.window.count(now_ms) >= FAILURES_MAX) {
      failures.blocked_until_ms = now_ms + BLOCKED_MS;
      const blocked_until = isoTime(this.#options.clock.now() + BLOCKED_MS);
      this.#options.note("brute_force_attempt", client_ip, { blocked_until });
    }
    return wrongKey();
  }

  #refuseBlocked(client_ip: string): void {
    const left_ms = (this.#failures.get(client_ip)?.blocked_until_ms ?? 0) - this.#options.clock.monotonic();
    if (left_ms <= 0) return;
    throw new ApiError("RATE_LIMIT_EXCEEDED", "Too many wrong keys from this address. Please wait.", {
      retry_after_seconds: Math.ceil(left_ms / 1000),
      current_limit: FAILURES_MAX,
      time_window_seconds: WINDOW_SECONDS,
      limit: "authentication_failures",
    });
  }
}

function wrongKey(): ApiError {
  return new ApiError("INVALID_AUTH_TOKEN", "This key is not valid: unknown, expired or revoked", {
    expected: "a key of `opencode-agents keys create`",
  });
}
