/** Bugs of several nodes on one store, put in on purpose. The simulation must find every one. */
import type { Lease } from "../../src/domain/lease.ts";
import { decode, encode } from "../../src/store/json.ts";
import type { Commit, KeyValue } from "../../src/store/kv/kv.ts";
import type { NodeLease } from "../../src/store/node_lease.ts";
import type { Plant } from "./history.ts";
import { withUpdate } from "./planted.ts";
import type { Parts } from "./server_life.ts";

/** The store's port, with commits as `change` makes them. */
function withCommits(port: KeyValue, change: (commit: Commit) => Commit): KeyValue {
  return {
    get: (key) => port.get(key),
    list: (range) => port.list(range),
    watch: (key, changed) => port.watch(key, changed),
    close: () => port.close(),
    commit: (commit) => port.commit(change(commit)),
  };
}

/** The parts with a node's lease that is as `change` makes it. */
function withLease(parts: Parts, change: (node: NodeLease) => object): Parts {
  const { node } = parts.store;
  const planted = new Proxy(node, {
    get(_, name) {
      const changed = change(node);
      if (Object.hasOwn(changed, name)) return Reflect.get(changed, name);
      const value = Reflect.get(node, name, node);
      return typeof value === "function" ? value.bind(node) : value;
    },
  });
  return { ...parts, store: Object.assign(Object.create(parts.store), { node: planted }) };
}

export const SHARED_PLANTS: Plant[] = [
  {
    name: "claims are not checked",
    finds:
      /attempts are not counted|not a legal transition|two attempts|told of|which holds it|has not heard/,
    disk: "ignores_checks",
  },
  {
    name: "commits do not check the node's epoch",
    finds: /although its lease is gone/,
    wiring: {
      port: (port) =>
        withCommits(port, (commit) => ({
          ...commit,
          checks: commit.sets?.some(({ key }) => key[0] === "epoch")
            ? commit.checks
            : commit.checks?.filter(({ key }) => key[0] !== "epoch"),
        })),
    },
  },
  {
    name: "a lease is judged to have run out before its time",
    finds: /two attempts/,
    wiring: {
      port: (port) =>
        withCommits(port, (commit) => ({
          ...commit,
          sets: commit.sets?.map(({ key, value }) => ({
            key,
            value: key[0] === "node" ? encode({ ...decode(value) as object, lease_ms: 2_000 }) : value,
          })),
        })),
    },
  },
  {
    name: "recovery takes tasks from a node that is at work",
    finds: /which holds it|two attempts/,
    wiring: {
      parts: (parts) => withLease(parts, (node) => ({ isVoid: (lease: Lease) => !node.isOwn(lease) })),
    },
  },
  {
    name: "an agent goes on when its lease is lost",
    finds: /two attempts/,
    wiring: {
      parts: (parts) => {
        parts.runner.keepUntil = () => {};
        return withLease(parts, () => ({ lost: new AbortController().signal }));
      },
    },
  },
  {
    name: "nobody ends the agents of a node that stands still",
    finds: /two attempts/,
    wiring: {
      parts: (parts) => {
        parts.runner.keepUntil = () => {};
        return parts;
      },
    },
  },
  {
    name: "a server that stops gives its tasks back before their agents have ended",
    finds: /two attempts/,
    among: { stops: 0.2, crashes: 0, agents: { step_ms: 8_000 } },
    wiring: {
      parts: (parts) =>
        withUpdate(
          withLease(parts, () => ({ until: undefined })),
          (update) => (plan, by) =>
            update((view) => {
              const answer = plan(view);
              const updates = answer.updates?.map((one) => {
                const isReleased = view.get(one.id)?.state.lease !== undefined &&
                  one.state.status === "queued";
                return isReleased ? { ...one, state: { ...one.state, leaving: undefined } } : one;
              });
              return { ...answer, updates };
            }, by),
        ),
    },
  },
  {
    name: "a change is missing in the feed now and then",
    finds: /has not heard|knows of tasks that are gone|in memory and|is lost|for ever/,
    wiring: {
      port: (port) => {
        let entries = 0;
        return withCommits(port, (commit) => ({
          ...commit,
          sets: commit.sets?.filter(({ key }) => key[0] !== "feed" || ++entries % 5 > 0),
        }));
      },
    },
  },
  {
    name: "the log of the other node is not followed",
    finds: /the logs differ|log entry/,
    wiring: {
      parts: (parts) => {
        parts.store.logs.catchUp = () => Promise.resolve();
        return parts;
      },
    },
  },
  {
    name: "two nodes number their entries together",
    finds: /log|entry/,
    wiring: {
      port: (port) => {
        const shared = (commit: Commit): Commit => ({
          ...commit,
          sets: commit.sets?.map(({ key, value }) => ({
            key: key[0] === "log" && key[2] === "south" ? [key[0], key[1]!, "north", key[3]!] : key,
            value,
          })),
        });
        return withCommits(port, shared);
      },
    },
  },
];
