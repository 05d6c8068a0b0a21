/**
 * Who a client is, by the key or token it shows, and what it may do. Wrong keys are answered only so often; a valid one is
 * always taken, from wherever others are guessing.
 */
import { type Clock, isoTime } from "../clock/clock.ts";
import { type Actor, certificateActor, keyActor, OWNER } from "../domain/actor.ts";
import { DEFAULT_TENANT } from "../domain/tenant_id.ts";
import type { Permission } from "../domain/access_key.ts";
import { ApiError } from "../domain/errors.ts";
import { isSignInToken, LINK_MINUTES } from "../domain/sign_in_link.ts";
import type { SecurityAlert } from "../protocol/pushes.ts";
import { type Identity, isKnown, isPrivileged, NOBODY } from "./identity.ts";
import { isJwt, JwtRefusal } from "./jwt/refusal.ts";
import type { FoundKey, Keys } from "./keys.ts";
import { networkOf } from "./networks.ts";
import { Sessions } from "./sessions.ts";
import type { Standing } from "./shares.ts";
import { isTaskToken, type TaskTokens } from "./task_tokens.ts";
import { digestOf, isSessionToken, newSecret } from "./secrets.ts";
import { SignInLinks } from "./sign_in_links.ts";
import { SlidingWindow, WINDOW_SECONDS } from "./windows.ts";

/** Wrong keys from one address, or one network of IPv6, within a minute before no more are looked at. */
const FAILURES_MAX = 10;
const BLOCKED_MS = 300_000;
/** How many addresses with failures are remembered. The one that failed longest ago is forgotten first. */
const WATCHED_MAX = 1000;

export interface AuthenticationOptions {
  clock: Clock;
  keys: Pick<Keys, "find" | "isValid" | "used">;
  /** The tokens of agents at work. */
  tasks: Pick<TaskTokens, "find" | "isValid">;
  /** Whether clients must show a key or a token. */
  required: boolean;
  session_ms: number;
  /** Reads the tokens of an identity provider; undefined if there is none. Rejects with a `JwtRefusal`. */
  jwt?: { identify(token: string): Promise<Identity> };
  /** What clients with a certificate and without a key may do, by the subject's common name. */
  certificates?: Readonly<Record<string, readonly Permission[]>>;
  /** Whose tenant they are of, by the subject's common name: of the default one, if it is not named. */
  certificate_tenants?: Readonly<Record<string, string>>;
  /** Called for everything that may be an attack. */
  note(alert: SecurityAlert["alert_type"], client_ip: string, details?: Record<string, unknown>): void;
}

/** The credentials of a request. */
export interface Shown {
  authorization: string | null;
  /** A valid certificate. A key that is shown as well decides alone. */
  certificate?: { subject: string; expires_ms: number };
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
  readonly sessions: Sessions;
  /** The digest of the owner's token. */
  #owner_digest: string | undefined;
  #links: SignInLinks | undefined;
  /** By address, or network of IPv6. */
  readonly #failures = new Map<string, Failures>();

  constructor(options: AuthenticationOptions) {
    this.#options = options;
    this.sessions = new Sessions(options.clock, (identity) => this.#isKeyValid(identity));
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
    const token = isSessionToken(left) ? left : newSecret("sess_");
    this.#owner_digest = await digestOf(token);
    this.#links = new SignInLinks(this.#options.clock, token);
    return token;
  }

  /**
   * Opens a session for a key, a JWT or the token of a link, or finds the session of a token. Throws `INVALID_AUTH_TOKEN`, or `RATE_LIMIT_EXCEEDED`
   * after too many wrong ones.
   */
  async authenticate(
    api_key: string,
    client_ip: string,
  ): Promise<{ session_token: string; identity: Identity }> {
    const agent = this.#agentWith(api_key);
    if (agent) return { session_token: api_key, identity: agent };
    const digest = await digestOf(api_key);
    const key = this.#options.keys.find(digest);
    const shown = key
      ? this.#identityOf(key, digest, client_ip)
      : await this.#withLink(api_key, client_ip, digest) ?? await this.#withJwt(api_key, client_ip, digest);
    if (shown === undefined) {
      // A session's token continues that session.
      return { session_token: api_key, identity: this.#withToken(digest) ?? this.#refuse(client_ip, digest) };
    }
    const session_token = newSecret("sess_");
    const { identity } = this.sessions.open({
      identity: this.#sessionOf(shown),
      ip: client_ip,
      digest: await digestOf(session_token),
    });
    return { session_token, identity };
  }

  /**
   * Identifies the sender of a request by its `Authorization` header: a key, a session's token or a JWT as `Bearer`. Without
   * the header, the certificate counts; without either, the sender is anonymous. Rejects as `authenticate` does.
   */
  async identify({ authorization, certificate, ip, isProbe = false }: Shown): Promise<Identity> {
    if (authorization === null) return certificate === undefined ? NOBODY : this.#holderOf(certificate);
    const shown = /^Bearer +(\S+)$/i.exec(authorization)?.[1] ?? "";
    const agent = this.#agentWith(shown);
    if (agent) return agent;
    const digest = await digestOf(shown);
    const key = this.#options.keys.find(digest);
    if (key) return this.#identityOf(key, digest, ip);
    const identity = this.#withToken(digest) ??
      await this.#withJwt(shown, ip, isProbe ? undefined : digest);
    if (identity) return identity;
    if (isProbe && this.#wasCounted(ip, digest)) {
      this.#refuseBlocked(ip);
      throw wrongKey();
    }
    return this.#refuse(ip, isProbe ? undefined : digest);
  }

  /**
   * The identity of a socket. What it showed itself, a key or the owner's token, opens a session, which ends with the socket
   * if `leave` is called, or before.
   */
  bind(identity: Identity, ip: string): Identity {
    if (identity.session !== undefined || !HAVE_SESSIONS.has(identity.actor.kind)) return identity;
    return this.sessions.open({ identity: this.#sessionOf(identity), ip }).identity;
  }

  /** The socket of this identity has closed, or has shown another key. */
  leave({ session }: Identity): void {
    if (session && session.digest === undefined) this.sessions.end(session);
  }

  /** How much of the shared limits a client with this identity may use. */
  standingOf(identity: Identity): Standing {
    if (!isKnown(identity)) return this.#options.required ? "unknown" : "ordinary";
    return isPrivileged(identity) ? "privileged" : "ordinary";
  }

  /**
   * Throws `AUTHENTICATION_REQUIRED` or `PERMISSION_DENIED` unless `identity` has `permission`. If authentication is not
   * required, everyone may do everything but the agents of tasks.
   */
  authorise(permission: Permission, what: string, identity: Identity, client_ip: string): void {
    this.#seen(identity, client_ip);
    if (this.allows(permission, identity)) return;
    if (!isKnown(identity) || !this.isValid(identity)) throw keyMissing({ permission });
    const { kind, id } = identity.actor;
    const [who, which] = kind === "agent"
      ? [`The agent of task '${id}'`, { task_id: id }]
      : kind === "certificate"
      ? [`The certificate of '${id}'`, { subject: id }]
      : ["This key", { key_id: id }];
    this.#options.note("authorization_denied", client_ip, { operation: what, ...which });
    throw new ApiError("PERMISSION_DENIED", `${who} may not use '${what}': it needs '${permission}'`, {
      permission,
      permissions: [...identity.permissions],
    });
  }

  /** Throws `AUTHENTICATION_REQUIRED` for a client that must show a key and has not. */
  requireKey(identity: Identity): void {
    if (this.#options.required && !isKnown(identity)) throw keyMissing({});
  }

  /** Whether `identity` has `permission`; all but the agents of tasks have, if authentication is not required. */
  allows(permission: Permission, identity: Identity): boolean {
    if (!this.#options.required && identity.actor.kind !== "agent") return true;
    return isKnown(identity) && this.isValid(identity) && identity.permissions.includes(permission);
  }

  /** Whether a session, or the key behind it, is still valid. */
  isValid(identity: Identity): boolean {
    const { actor, expires_ms, session } = identity;
    if (actor.kind === "agent") return this.#options.tasks.isValid(identity);
    return expires_ms > this.#options.clock.now() && this.#isKeyValid(identity) &&
      (session === undefined || this.sessions.has(session));
  }

  #isKeyValid({ actor, key_digest }: Identity): boolean {
    return actor.kind !== "key" || this.#options.keys.isValid(actor.id!, key_digest!);
  }

  #seen(identity: Identity, client_ip: string): void {
    const { session, actor } = identity;
    if (session) session.last_seen_ms = this.#options.clock.now();
    if (actor.kind === "key") this.#options.keys.used(actor.id!, client_ip);
  }

  /** A subject that is not named has no rights. */
  #holderOf({ subject, expires_ms }: NonNullable<Shown["certificate"]>): Identity {
    const { certificates = {}, certificate_tenants: tenants = {} } = this.#options;
    const permissions = Object.hasOwn(certificates, subject) ? certificates[subject]! : [];
    const tenant = Object.hasOwn(tenants, subject) ? tenants[subject]! : DEFAULT_TENANT;
    return { actor: certificateActor(subject, tenant), permissions, expires_ms };
  }

  #identityOf(key: FoundKey, digest: string, client_ip: string): Identity {
    const { permissions, projects, expires_ms } = key;
    this.#options.keys.used(key.id, client_ip);
    return { actor: keyActor(key), permissions, projects, expires_ms, key_digest: digest };
  }

  /** A session ends with its time or its key, whichever is first. The owner's has no end. */
  #sessionOf(identity: Identity): Identity {
    if (identity.actor.kind === "owner") return identity;
    const end_ms = this.#options.clock.now() + this.#options.session_ms;
    return { ...identity, expires_ms: Math.min(identity.expires_ms, end_ms) };
  }

  #withToken(digest: string): Identity | undefined {
    return digest === this.#owner_digest ? OWNER_IDENTITY : this.sessions.withToken(digest)?.identity;
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

  /**
   * Whom a JWT identifies; undefined for anything else. Throws for a wrong one. It is counted only if nobody who signs these
   * may have made it.
   */
  async #withJwt(shown: string, ip: string, digest: string | undefined): Promise<Identity | undefined> {
    const { jwt } = this.#options;
    if (jwt === undefined || !isJwt(shown)) return undefined;
    try {
      return await jwt.identify(shown);
    } catch (error) {
      if (!(error instanceof JwtRefusal)) throw error;
      if (error.isGuess) this.#refuse(ip, digest, error);
      throw error;
    }
  }

  /** The owner, for the token of a link; undefined for anything else. Throws for one that was used before, or is wrong. */
  async #withLink(shown: string, ip: string, digest: string): Promise<Identity | undefined> {
    if (!isSignInToken(shown)) return undefined;
    if (!await this.#links?.take(shown)) this.#refuse(ip, digest, usedLink());
    const end_ms = this.#options.clock.now() + this.#options.session_ms;
    return { ...OWNER_IDENTITY, expires_ms: end_ms };
  }

  /** Whether this is the wrong key that was counted last. One probe about it is free. */
  #wasCounted(client_ip: string, digest: string): boolean {
    const failures = this.#failures.get(networkOf(client_ip));
    if (failures?.last !== digest) return false;
    failures.last = undefined;
    return true;
  }

  /** Throws for a wrong key, and counts it. */
  #refuse(client_ip: string, digest: string | undefined, error: ApiError = wrongKey()): never {
    this.#refuseBlocked(client_ip);
    const now_ms = this.#options.clock.monotonic();
    const network = networkOf(client_ip);
    const failures: Failures = this.#failures.get(network) ??
      { window: new SlidingWindow(), blocked_until_ms: 0 };
    // Set again, so that the map is in the order of the last failure.
    this.#failures.delete(network);
    this.#failures.set(network, failures);
    if (this.#failures.size > WATCHED_MAX) this.#failures.delete(this.#failures.keys().next().value!);
    failures.window.add(now_ms);
    failures.last = digest;
    this.#options.note("authentication_failure", client_ip);
    if (failures.window.count(now_ms) >= FAILURES_MAX) {
      failures.blocked_until_ms = now_ms + BLOCKED_MS;
      const blocked_until = isoTime(this.#options.clock.now() + BLOCKED_MS);
      this.#options.note("brute_force_attempt", client_ip, { blocked_until });
    }
    throw error;
  }

  #refuseBlocked(client_ip: string): void {
    const left_ms = (this.#failures.get(networkOf(client_ip))?.blocked_until_ms ?? 0) -
      this.#options.clock.monotonic();
    if (left_ms <= 0) return;
    throw new ApiError("RATE_LIMIT_EXCEEDED", "Too many wrong keys from this address. Please wait.", {
      retry_after_seconds: Math.ceil(left_ms / 1000),
      current_limit: FAILURES_MAX,
      time_window_seconds: WINDOW_SECONDS,
      limit: "authentication_failures",
    });
  }
}

/** Those who open sessions by what they show. */
const HAVE_SESSIONS = new Set<Actor["kind"]>(["certificate", "key", "owner", "jwt"]);

const OWNER_IDENTITY: Identity = {
  actor: OWNER,
  permissions: ["read", "write", "admin"],
  expires_ms: Infinity,
};

function keyMissing(details: Record<string, unknown>): ApiError {
  return new ApiError("AUTHENTICATION_REQUIRED", "Show an API key first: send 'authenticate'", {
    ...details,
    expected: "authenticate with an api_key, or Authorization: Bearer over HTTP",
  });
}

function usedLink(): ApiError {
  return new ApiError(
    "INVALID_AUTH_TOKEN",
    "This link was used before or has expired. `opencode-agents link` prints another",
    { expected: `a link that was not used before, at most ${LINK_MINUTES} minutes old` },
  );
}

function wrongKey(): ApiError {
  return new ApiError("INVALID_AUTH_TOKEN", "This key is not valid: unknown, expired or revoked", {
    expected: "a key of `opencode-agents keys create`",
  });
}
