/** Creates, finds and revokes API keys. */
import { type Clock, isoTime } from "../clock/clock.ts";
import type { Actor } from "../domain/actor.ts";
import type { KeySpec, KeyState, Permission } from "../domain/access_key.ts";
import type { KeyView, NewKey } from "../protocol/auth_messages.ts";
import { ApiError } from "../domain/errors.ts";
import { digestOf, newSecret } from "./secrets.ts";

const DAY_MS = 86_400_000;
const KEYS_MAX = 1000;

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
    plan: () => { creates?: KeyRecord[]; updates?: { id: string; state: KeyState }[] },
    by: Actor,
  ): Promise<void>;
}

export class Keys {
  readonly #records: KeyRecords;
  readonly #clock: Clock;

  constructor(records: KeyRecords, clock: Clock) {
    this.#records = records;
    this.#clock = clock;
  }

  /** Resolves after the commit. The key itself is in the answer and nowhere else. */
  async create(
    { name, permissions, expires_in_days }: NewKey,
    by: Actor,
  ): Promise<{ key: KeyView; api_key: string }> {
    const api_key = newSecret("sk-");
    const digest = await digestOf(api_key);
    const created_ms = this.#clock.now();
    const spec: KeySpec = {
      name,
      digest,
      permissions,
      created_ms,
      created_by: by,
      expires_ms: expires_in_days === undefined ? undefined : created_ms + expires_in_days * DAY_MS,
    };
    const record = { id: idOf(digest), spec, state: {} };
    await this.#records.update(() => {
      if (this.#records.size >= KEYS_MAX) {
        throw new ApiError("SERVER_OVERLOAD", `There are ${KEYS_MAX} keys already`, { limit: KEYS_MAX });
      }
      return { creates: [record] };
    }, by);
    return { key: viewOf(record), api_key };
  }

  /** All keys, the oldest first, including revoked ones. */
  list(): KeyView[] {
    return [...this.#records.values()].sort((a, b) => a.spec.created_ms - b.spec.created_ms).map(viewOf);
  }

  /** Makes the key and its sessions invalid. Idempotent. */
  async revoke(id: string, by: Actor): Promise<void> {
    const record = this.#records.get(id);
    if (!record) {
      throw new ApiError("INVALID_FIELD_VALUE", `There is no key '${id}'`, {
        field: "key_id",
        value: id,
        expected: this.list().map((key) => key.id).slice(0, 20),
      });
    }
    if (record.state.revoked_ms !== undefined) return;
    const state = { revoked_ms: this.#clock.now(), revoked_by: by };
    await this.#records.update(() => ({ updates: [{ id, state }] }), by);
  }

  /** The valid key with this digest; undefined for any other digest. */
  find(digest: string): { id: string; name: string; permissions: readonly Permission[] } | undefined {
    const record = this.#records.get(idOf(digest));
    if (record?.spec.digest !== digest || !this.isValid(record.id)) return undefined;
    return { id: record.id, name: record.spec.name, permissions: record.spec.permissions };
  }

  isValid(id: string): boolean {
    const record = this.#records.get(id);
    return record !== undefined && record.state.revoked_ms === undefined &&
      (record.spec.expires_ms ?? Infinity) > this.#clock.now();
  }
}

function idOf(digest: string): string {
  return `key_${digest.slice(0, 12)}`;
}

function viewOf({ id, spec, state }: KeyRecord): KeyView {
  return {
    id,
    name: spec.name,
    permissions: spec.permissions,
    created_at: isoTime(spec.created_ms),
    created_by: spec.created_by,
    expires_at: spec.expires_ms === undefined ? undefined : isoTime(spec.expires_ms),
    revoked_at: state.revoked_ms === undefined ? undefined : isoTime(state.revoked_ms),
    revoked_by: state.revoked_by,
  };
}
