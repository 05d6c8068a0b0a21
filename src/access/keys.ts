/** Creates, finds, rotates and revokes API keys. */
import { getLogger } from "@logtape/logtape";
import { type Clock, isoTime } from "../clock/clock.ts";
import { type Actor, actorName, SERVER } from "../domain/actor.ts";
import { DEFAULT_TENANT } from "../domain/tenant_id.ts";
import type { KeySpec, KeyState, Permission } from "../domain/access_key.ts";
import type { KeyView, NewKey } from "../protocol/auth_messages.ts";
import { ApiError } from "../domain/errors.ts";
import { digestOf, newSecret } from "./secrets.ts";

const log = getLogger(["opencode-agents", "security"]);

const DAY_MS = 86_400_000;
/** How many keys may be valid at once. */
const KEYS_MAX = 1000;
/** How many others are kept, for those who look up what became of them. The oldest are forgotten first. */
const ENDED_MAX = 1000;
/** How much older than in memory the stored last use of a key may be. */
const USE_STORED_EVERY_MS = 60_000;

interface KeyRecord {
  id: string;
  spec: KeySpec;
  state: KeyState;
}

/** The store of the keys. */
export interface KeyRecords {
  get(id: string): KeyRecord | undefined;
  values(): Iterable<KeyRecord>;
  readonly size: number;
  update(
    plan: () => {
      creates?: KeyRecord[];
      updates?: { id: string; state: KeyState; spec?: KeySpec }[];
      removes?: string[];
    },
    by: Actor,
  ): Promise<void>;
}

/** What a valid key allows. */
export interface FoundKey {
  id: string;
  name: string;
  permissions: readonly Permission[];
  projects?: readonly string[];
  tenant: string;
  /** Infinity for a key of a version that made such without an end. */
  expires_ms: number;
}

interface Use {
  at_ms: number;
  from: string;
  stored_ms: number;
}

export class Keys {
  readonly #records: KeyRecords;
  readonly #clock: Clock;
  readonly #uses = new Map<string, Use>();

  constructor(records: KeyRecords, clock: Clock) {
    this.#records = records;
    this.#clock = clock;
  }

  /** Resolves after the commit. The key itself is in the answer and nowhere else. */
  async create(
    { name, permissions, expires_in_days, projects, tenant }: NewKey,
    by: Actor,
  ): Promise<{ key: KeyView; api_key: string }> {
    if (projects !== undefined && permissions.includes("admin")) {
      throw new ApiError("INVALID_FIELD_VALUE", "A key with 'admin' sees all projects", {
        field: "key.projects",
        value: projects,
        expected: "no 'projects', or permissions without 'admin'",
      });
    }
    const api_key = newSecret("sk-");
    const digest = await digestOf(api_key);
    const created_ms = this.#clock.now();
    const spec: KeySpec = {
      name,
      digest,
      permissions,
      projects,
      tenant,
      created_ms,
      created_by: by,
      expires_ms: created_ms + expires_in_days * DAY_MS,
    };
    const record = { id: idOf(digest), spec, state: {} };
    await this.#records.update(() => {
      const ended = [...this.#records.values()].filter((one) => !this.#isLive(one));
      if (this.#records.size - ended.length >= KEYS_MAX) {
        throw new ApiError("SERVER_OVERLOAD", `There are ${KEYS_MAX} valid keys already`, {
          limit: KEYS_MAX,
        });
      }
      const removes = ended.sort(byAge).slice(0, Math.max(0, ended.length - ENDED_MAX)).map(({ id }) => id);
      return { creates: [record], removes };
    }, by);
    noteChange("created", record.id, name, by);
    return { key: this.#viewOf(record), api_key };
  }

  /** The keys of a tenant, or all, the oldest first, including revoked ones. */
  list(tenant?: string): KeyView[] {
    return [...this.#records.values()].filter((one) => isOf(one, tenant)).sort(byAge).map((record) =>
      this.#viewOf(record)
    );
  }

  /**
   * Gives the key's id another key, which lasts as long as the old one did. The old one and its sessions end at once. Throws
   * `INVALID_FIELD_VALUE` for a key that is unknown or has ended.
   */
  async rotate(id: string, by: Actor, tenant?: string): Promise<{ key: KeyView; api_key: string }> {
    const api_key = newSecret("sk-");
    const digest = await digestOf(api_key);
    const now = this.#clock.now();
    await this.#records.update(() => {
      const record = this.#found(id, tenant);
      if (!this.#isLive(record)) {
        throw new ApiError("INVALID_FIELD_VALUE", `Key '${id}' has ended; create another one`, {
          field: "key_id",
          value: id,
          expected: this.#expected((one) => this.#isLive(one) && isOf(one, tenant)),
        });
      }
      const { created_ms, expires_ms } = record.spec;
      const began_ms = record.state.rotated_ms ?? created_ms;
      const spec = {
        ...record.spec,
        digest,
        expires_ms: expires_ms === undefined ? undefined : now + (expires_ms - began_ms),
      };
      return { updates: [{ id, spec, state: { ...record.state, rotated_ms: now, rotated_by: by } }] };
    }, by);
    noteChange("rotated", id, this.#found(id).spec.name, by);
    return { key: this.#viewOf(this.#found(id)), api_key };
  }

  /** Makes the key and its sessions invalid. Idempotent. */
  async revoke(id: string, by: Actor, tenant?: string): Promise<void> {
    let isNew = false;
    await this.#records.update(() => {
      const { state } = this.#found(id, tenant);
      isNew = state.revoked_ms === undefined;
      if (!isNew) return {};
      return { updates: [{ id, state: { ...state, revoked_ms: this.#clock.now(), revoked_by: by } }] };
    }, by);
    if (isNew) noteChange("revoked", id, this.#found(id).spec.name, by);
  }

  /** The valid key with this digest; undefined for any other digest. */
  find(digest: string): FoundKey | undefined {
    const record = this.#withDigest(digest);
    if (record === undefined || !this.#isLive(record)) return undefined;
    const { name, permissions, projects, tenant = DEFAULT_TENANT, expires_ms = Infinity } = record.spec;
    return { id: record.id, name, permissions, projects, tenant, expires_ms };
  }

  /** Whether the key with this digest is still the one of that id. */
  isValid(id: string, digest: string): boolean {
    const record = this.#records.get(id);
    return record?.spec.digest === digest && this.#isLive(record);
  }

  /** The key was used just now. Stored at most once a minute. */
  used(id: string, from: string): void {
    const at_ms = this.#clock.now();
    const last = this.#uses.get(id) ?? { at_ms, from, stored_ms: -Infinity };
    const isDue = at_ms - last.stored_ms >= USE_STORED_EVERY_MS;
    this.#uses.set(id, { at_ms, from, stored_ms: isDue ? at_ms : last.stored_ms });
    if (isDue) void this.#storeUse(id, at_ms, from);
  }

  async #storeUse(id: string, last_used_ms: number, last_used_from: string): Promise<void> {
    try {
      await this.#records.update(() => {
        const record = this.#records.get(id);
        if (record === undefined || (record.state.last_used_ms ?? 0) >= last_used_ms) return {};
        return { updates: [{ id, state: { ...record.state, last_used_ms, last_used_from } }] };
      }, SERVER);
    } catch (error) {
      log.warn("The last use of key {id} could not be stored: {error}", { id, error });
    }
  }

  /** A rotated key has the id of the first one, so its id does not tell its digest. */
  #withDigest(digest: string): KeyRecord | undefined {
    const record = this.#records.get(idOf(digest));
    if (record?.spec.digest === digest) return record;
    for (const one of this.#records.values()) if (one.spec.digest === digest) return one;
    return undefined;
  }

  /** `tenant`: the only one whose keys are found. */
  #found(id: string, tenant?: string): KeyRecord {
    const record = this.#records.get(id);
    if (record && isOf(record, tenant)) return record;
    throw new ApiError("INVALID_FIELD_VALUE", `There is no key '${id}'`, {
      field: "key_id",
      value: id,
      expected: this.#expected((one) => isOf(one, tenant)),
    });
  }

  #expected(isWanted: (record: KeyRecord) => boolean): string[] {
    return [...this.#records.values()].filter(isWanted).sort(byAge).map(({ id }) => id).slice(0, 20);
  }

  #isLive({ spec, state }: KeyRecord): boolean {
    return state.revoked_ms === undefined && (spec.expires_ms ?? Infinity) > this.#clock.now();
  }

  #viewOf({ id, spec, state }: KeyRecord): KeyView {
    const use = this.#uses.get(id);
    return {
      id,
      name: spec.name,
      permissions: spec.permissions,
      projects: spec.projects,
      tenant: spec.tenant ?? DEFAULT_TENANT,
      created_at: isoTime(spec.created_ms),
      created_by: spec.created_by,
      expires_at: timeOf(spec.expires_ms),
      last_used_at: timeOf(use?.at_ms ?? state.last_used_ms),
      last_used_from: use?.from ?? state.last_used_from,
      rotated_at: timeOf(state.rotated_ms),
      rotated_by: state.rotated_by,
      revoked_at: timeOf(state.revoked_ms),
      revoked_by: state.revoked_by,
    };
  }
}

function noteChange(what: "created" | "rotated" | "revoked", key_id: string, name: string, by: Actor): void {
  log.info("Key '{name}' ({key_id}) was {what} by {who}", { name, key_id, what, who: actorName(by), by });
}

function isOf({ spec }: KeyRecord, tenant: string | undefined): boolean {
  return tenant === undefined || (spec.tenant ?? DEFAULT_TENANT) === tenant;
}

function byAge(a: KeyRecord, b: KeyRecord): number {
  return a.spec.created_ms - b.spec.created_ms;
}

function timeOf(at_ms: number | undefined): string | undefined {
  return at_ms === undefined ? undefined : isoTime(at_ms);
}

function idOf(digest: string): string {
  return `key_${digest.slice(0, 12)}`;
}
