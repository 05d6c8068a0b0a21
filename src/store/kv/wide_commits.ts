/**
 * Commits with more checks than the store takes at once. A remote Deno KV takes 10.
 *
 * Every node sets one key, the bell, with each of its commits. So a commit that checks the bell's version checks that nothing at
 * all has changed since it was read. A wide commit reads the bell, then compares the versions of its keys itself, and then
 * checks the bell in place of most keys. The last checks stay as they are: the node's epoch is among them, and changes
 * without the bell.
 */
import type { Commit, CommitResult, Key, KeyValue } from "./kv.ts";

/** How often the bell may ring between the reads and the commit. Each time the reads are repeated. */
const TRIES_MAX = 100;

export interface WideCommitOptions {
  /** The most checks of one commit that the store takes. */
  checks_max: number;
  bell: Key;
}

/**
 * The store, with commits of any number of checks. A wide commit that others overtake again and again fails as one whose
 * check has failed, so its caller plans it again.
 */
export function wideCommits(kv: KeyValue, { checks_max, bell }: WideCommitOptions): KeyValue {
  const holds = async ({ key, versionstamp }: Required<Commit>["checks"][number]) =>
    ((await kv.get(key))?.versionstamp ?? null) === versionstamp;

  async function wide({ checks = [], sets, deletes }: Commit): Promise<CommitResult> {
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const rung = { key: bell, versionstamp: (await kv.get(bell))?.versionstamp ?? null };
      const held = await Promise.all(checks.map(holds));
      if (held.includes(false)) return { ok: false };
      const result = await kv.commit({ checks: [rung, ...checks.slice(1 - checks_max)], sets, deletes });
      if (result.ok) return result;
    }
    return { ok: false };
  }

  return {
    checks_max,
    get: (key) => kv.get(key),
    list: (range) => kv.list(range),
    commit: (commit) => (commit.checks?.length ?? 0) > checks_max ? wide(commit) : kv.commit(commit),
    watch: (key, changed) => kv.watch(key, changed),
    close: () => kv.close(),
  };
}
