/** Opens the store of a data folder: checks it and loads it. */
import { join } from "node:path";
import type { Clock } from "../clock/clock.ts";
import type { Hold } from "../domain/hold.ts";
import type { Remembered } from "../domain/remembered.ts";
import type { AgentOffer } from "../domain/agent_offer.ts";
import type { KeySpec, KeyState } from "../domain/access_key.ts";
import type { ScheduleSpec, ScheduleState } from "../domain/schedule.ts";
import type { TaskRecord, TaskSpec, TaskState } from "../domain/task_record.ts";
import type { AuditLog, AuditLogOptions } from "./audit/audit_log.ts";
import { createPrivate, lockFolder, makePrivate } from "./data_folder.ts";
import { checkFile, inspectFile } from "./file_check.ts";
import { FeedNotifier } from "./feed_notifier.ts";
import { FeedWriter } from "./feed.ts";
import { GroupCommit, type Stamp } from "./group_commit.ts";
import { adoptFormat, identify } from "./identity.ts";
import { encode } from "./json.ts";
import { denoKeyValue, type KeyValue } from "./kv/kv.ts";
import { openRows, type Rows } from "./kv/kv_rows.ts";
import { type NodeLease, onlyNode } from "./node_lease.ts";
import { LogStore } from "./log_store.ts";
import { SharedNode } from "./shared_node.ts";
import { LocalNotifier, type Notifier } from "./notifier.ts";
import { Messages } from "./messages.ts";
import { Outbox } from "./outbox.ts";
import { Outputs } from "./outputs.ts";
import { Deliveries } from "./deliveries.ts";
import { Reviews } from "./reviews.ts";
import {
  AGENTS,
  HOLDS,
  KEYS,
  type NoSpec,
  type RecordKind,
  REMEMBERED,
  SCHEDULES,
  TASKS,
} from "./record_kinds.ts";
import type { Change } from "./record_memory.ts";
import { RecordStore } from "./record_store.ts";
import { identityOf, recordEnd, requireInPlace } from "./store_end.ts";
import { readAll } from "./stored_values.ts";
import { UsageDays } from "./usage_days.ts";

export const STORE_FILE = "store.sqlite3";
export const CLEAN_MARK = "clean-shutdown";

export interface Store {
  /** Stays the same for as long as the data does. */
  readonly id: string;
  /** Marks the processes that servers of this data folder start. */
  readonly mark: string;
  /** The lease of this server's node while the store is open. */
  readonly node: NodeLease;
  readonly tasks: RecordStore<TaskSpec, TaskState>;
  readonly schedules: RecordStore<ScheduleSpec, ScheduleState>;
  readonly keys: RecordStore<KeySpec, KeyState>;
  /** What each configured agent offers, by its name. */
  readonly agents: RecordStore<NoSpec, AgentOffer>;
  readonly holds: RecordStore<NoSpec, Hold>;
  readonly remembered: RecordStore<NoSpec, Remembered>;
  readonly logs: LogStore;
  /** Publishes everything that is committed to the records and the log. */
  readonly changes: Notifier;
  /** The tasks' conversations. */
  readonly messages: Messages;
  /** The answers of attempts as older versions stored them. */
  readonly outputs: Outputs;
  readonly reviews: Reviews;
  /** What hooks were sent. */
  readonly deliveries: Deliveries;
  /** The notices that wait for their delivery. */
  readonly outbox: Outbox;
  /** What tasks have used that are gone. */
  readonly usage: UsageDays;
  /**
   * Opens the audit log: from now on the changes that are asked for leave entries in the commits that store them. Idempotent.
   * Rejects with what the store throws.
   */
  openAudit(): Promise<AuditLog>;
  readonly closed: boolean;
  /** Writes a small value. Throws if the store cannot be written, or if its file is gone. */
  probe(): Promise<void>;
  /** Commits what still waits, then closes. Idempotent. Throws `ApiError` with what could not be stored. */
  close(): Promise<void>;
}

export interface StoreOptions {
  folder: string;
  clock: Clock;
}

/**
 * Throws `ApiError`: `CONFIGURATION_ERROR` if another server has the folder or a newer program wrote the store,
 * `DATABASE_ERROR` if the file is damaged or not a store of this program. A refused store is not changed.
 */
export async function openStore({ folder, clock }: StoreOptions): Promise<Store> {
  const path = join(folder, STORE_FILE);
  const cleanMark = join(folder, CLEAN_MARK);
  const lock = await lockFolder(folder, clock);
  let kv: KeyValue | undefined;
  try {
    await checkFile(path, cleanMark);
    await createPrivate(path);
    const file = await identityOf(path);
    kv = denoKeyValue(await Deno.openKv(path), clock);
    const store = await loadStore(kv, clock, {
      closed: async (lost) => {
        try {
          await recordEnd({ path, cleanMark, file, lost });
        } finally {
          await lock.release();
        }
      },
      inPlace: () => requireInPlace(path, file),
      rows: () => openRows(path),
    });
    await makePrivate(folder);
    return store;
  } catch (error) {
    kv?.close();
    await lock.release();
    throw error;
  }
}

/** Checks the file as `openStore` does, without opening the store. Returns false if there is none yet. */
export async function checkStore(folder: string): Promise<boolean> {
  return await inspectFile(join(folder, STORE_FILE));
}

/** The settings of a node that shares the store with others. */
export interface Sharing {
  /** Its unique name, which stays the same over restarts. */
  node: string;
  /** Identifies its data folder. */
  place?: string;
  /** How long it may be silent before others take over its tasks. */
  lease_ms: number;
  /** How often it looks for changes of others that it has missed. */
  poll_ms: number;
  /** Ends the agents that an earlier run of this node left behind, before others may take over its tasks. */
  beforeJoin(): Promise<unknown>;
}

interface LoadOptions {
  /** Opens the audit log; by default it is loaded then. The simulation cannot wait for that: its time would go on. */
  openAudit?(options: AuditLogOptions): Promise<AuditLog>;
  /** Absent if this is the only node of the store. Then nothing is renewed and no feed is written. */
  sharing?: Sharing;
  /** Opens a faster way to read all records, if there is one. */
  rows?(): Promise<Rows | undefined>;
  /** Throws if the store's file was taken away. A store whose file is gone still accepts commits. */
  inPlace?(): Promise<void>;
  /** Called once the store is closed, with the number of log entries that it did not take. */
  closed?(lost: number): Promise<void>;
}

/** The store over any key-value port. */
export async function loadStore(kv: KeyValue, clock: Clock, options: LoadOptions = {}): Promise<Store> {
  const { sharing, closed } = options;
  const id = await identify(kv);
  const { node, stamp, changes, feeds } = sharing ? await joinOthers(kv, clock, sharing) : await alone(kv);
  const commits = new GroupCommit(kv, stamp);
  const records = <Spec, State>(
    kind: RecordKind<Spec, State>,
    publish: (changes: Change<Spec, State>[]) => unknown,
  ) => new RecordStore(kind, kv, commits, clock, publish);
  const tasks = records(TASKS, (some) => changes.publish("task", some));
  const schedules = records(SCHEDULES, (some) => changes.publish("schedule", some));
  const keys = records(KEYS, (some) => changes.publish("key", some));
  const agents = records(AGENTS, (some) => changes.publish("agent", some));
  const holds = records(HOLDS, (some) => changes.publish("hold", some));
  const remembered = records(REMEMBERED, (some) => changes.publish("remembered", some));
  const logs = new LogStore(kv, commits, clock, (entries) => changes.publish("log", entries), node.node);
  const rows = await options.rows?.();
  try {
    await readAll([
      ...[tasks, schedules, keys, agents, holds, remembered].map((part) => () => part.load(rows)),
      () => logs.load(),
    ]);
  } finally {
    rows?.close();
  }
  await adoptFormat(kv, id);
  await feeds?.start(
    { task: tasks, schedule: schedules, key: keys, agent: agents, hold: holds, remembered },
    logs,
  );
  let closing: Promise<void> | undefined;
  let audit: Promise<AuditLog> | undefined;
  const close = async () => {
    tasks.close();
    schedules.close();
    keys.close();
    let lost = 0;
    agents.close();
    holds.close();
    remembered.close();
    try {
      await feeds?.stop();
      lost = await logs.close();
      await commits.idle();
      const isHeld = ({ state }: TaskRecord) => node.isOwn(state.lease) || node.isOwn(state.leaving);
      await node.leave(!tasks.isDoubtful && ![...tasks.values()].some(isHeld));
    } finally {
      kv.close();
      await closed?.(lost);
    }
  };
  return {
    id,
    mark: sharing?.place ?? id,
    node,
    tasks,
    schedules,
    keys,
    agents,
    holds,
    remembered,
    logs,
    changes,
    messages: new Messages(kv),
    outputs: new Outputs(kv),
    reviews: new Reviews(kv),
    deliveries: new Deliveries(kv),
    outbox: new Outbox(kv, commits),
    usage: new UsageDays(kv),
    openAudit: () => audit ??= (options.openAudit ?? openAudit)({ kv, commits, clock, node: node.node }),
    async probe() {
      await options.inPlace?.();
      await commits.commit({ sets: [{ key: ["probe"], value: encode(clock.now()) }] });
    },
    get closed() {
      return closing !== undefined;
    },
    close: () => closing ??= close(),
  };
}

/** Loaded only where it is kept. */
async function openAudit(options: AuditLogOptions): Promise<AuditLog> {
  const { AuditLog } = await import("./audit/audit_log.ts");
  return await AuditLog.open(options);
}

/** What a store needs from its node and from others. */
interface Membership {
  node: NodeLease;
  changes: Notifier;
  stamp?: Stamp;
  feeds?: FeedNotifier;
}

async function alone(kv: KeyValue): Promise<Membership> {
  return { node: await onlyNode(kv), changes: new LocalNotifier() };
}

async function joinOthers(kv: KeyValue, clock: Clock, sharing: Sharing): Promise<Membership> {
  const feeds = new FeedNotifier({ kv, clock, ...sharing });
  const node = new SharedNode({
    kv,
    clock,
    ...sharing,
    publish: (event) => void feeds.publish("node", event),
  });
  const feed = new FeedWriter(sharing.node);
  await sharing.beforeJoin();
  // From now on an earlier run of this node, if it still works, cannot commit.
  await node.join();
  await feed.begin(kv);
  await feeds.begin();
  const stamp: Stamp = {
    of: (changed) => ({ ...feed.entry(changed), checks: [node.epochCheck()] }),
    refusal: () => node.refusal(),
  };
  return { node, changes: feeds, stamp, feeds };
}
