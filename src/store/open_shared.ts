/** Opens a store that several servers share, as one of its nodes. */
import type { Clock } from "../clock/clock.ts";
import { lockFolder } from "./data_folder.ts";
import { BELL } from "./feed.ts";
import { type KeyValue, REMOTE_CHECKS_MAX } from "./kv/kv.ts";
import { openRemoteKv, type RemoteKv } from "./kv/remote_kv.ts";
import { wideCommits } from "./kv/wide_commits.ts";
import { placeOf } from "./node_place.ts";
import { loadStore, type Store } from "./open.ts";

/** How often a node looks for changes of others that no watch has told it of. */
const POLL_MS = 1000;

export interface SharedStoreOptions {
  store: RemoteKv;
  /** The data folder of this server. It holds what only this machine has. */
  folder: string;
  clock: Clock;
  node: string;
  lease_ms: number;
  /** Ends the agents that an earlier server of this folder left behind. `place`: the id that marks them. */
  endStrays(place: string): Promise<unknown>;
}

/**
 * Throws `ApiError`: `PROCESS_ALREADY_EXISTS` if another server has the folder or the node's name; `CONFIGURATION_ERROR` if the token is wrong;
 * `DATABASE_CONNECTION_ERROR` if the store does not answer; and what `loadStore` throws.
 */
export async function openSharedStore(options: SharedStoreOptions): Promise<Store> {
  const { store, folder, clock, node, lease_ms } = options;
  const lock = await lockFolder(folder, clock);
  let kv: KeyValue | undefined;
  try {
    const place = await placeOf(folder);
    kv = await openRemoteKv(store, clock);
    return await loadStore(wideCommits(kv, { checks_max: REMOTE_CHECKS_MAX, bell: BELL }), clock, {
      sharing: { node, place, lease_ms, poll_ms: POLL_MS, beforeJoin: () => options.endStrays(place) },
      closed: () => lock.release(),
    });
  } catch (error) {
    kv?.close();
    await lock.release();
    throw error;
  }
}
