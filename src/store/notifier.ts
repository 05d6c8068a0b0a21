/** Passes committed changes to everything that depends on them: indexes, the dispatcher, pushes. */
import { getLogger } from "@logtape/logtape";
import type { AgentOffer } from "../domain/agent_offer.ts";
import type { Remembered } from "../domain/remembered.ts";
import type { Hold } from "../domain/hold.ts";
import type { ScheduleSpec, ScheduleState } from "../domain/schedule.ts";
import type { TaskSpec, TaskState } from "../domain/task_record.ts";
import type { KeySpec, KeyState } from "../domain/access_key.ts";
import type { NoSpec } from "./record_kinds.ts";
import type { SeqEntry } from "./log_query.ts";
import type { Change } from "./record_memory.ts";
import type { NodeEvent } from "./shared_node.ts";

const log = getLogger(["opencode-agents", "store"]);

/** The payload of each topic: the changes of one commit, or log entries in order. */
export interface Topics {
  task: Change<TaskSpec, TaskState>[];
  schedule: Change<ScheduleSpec, ScheduleState>[];
  key: Change<KeySpec, KeyState>[];
  agent: Change<NoSpec, AgentOffer>[];
  hold: Change<NoSpec, Hold>[];
  remembered: Change<NoSpec, Remembered>[];
  log: SeqEntry[];
  /** Changes of the leases of this node and of others. */
  node: NodeEvent;
}

export type Topic = keyof Topics;
/** If it returns a promise, the log commits no more entries until that settles. Other topics do not wait. */
export type Listener<T extends Topic> = (changes: Topics[T]) => void | Promise<unknown>;

export interface Notifier {
  /**
   * Calls the listener with everything that is committed from now on, in the order in which this node learns of it and
   * after the store's memory is updated. Listeners are called in the order in which they subscribed. Returns the
   * function that ends the subscription.
   */
  subscribe<T extends Topic>(topic: T, listener: Listener<T>): () => void;
  /** Passes a committed change to the listeners. Resolves when all have handled it. */
  publish<T extends Topic>(topic: T, changes: Topics[T]): void | Promise<unknown>;
  /**
   * Resolves when this node has heard of all that was committed before the call. Absent if no other node changes the store.
   * Throws what the store throws.
   */
  catchUp?(): Promise<void>;
}

/** The notifier of a store that no other node changes. */
export class LocalNotifier implements Notifier {
  readonly #listeners = new Map<Topic, Set<Listener<never>>>();

  subscribe<T extends Topic>(topic: T, listener: Listener<T>): () => void {
    const listeners = this.#listenersOf(topic);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  publish<T extends Topic>(topic: T, changes: Topics[T]): void | Promise<unknown> {
    const taken: Promise<unknown>[] = [];
    for (const listener of this.#listenersOf(topic)) {
      try {
        const promise = listener(changes);
        if (promise) taken.push(promise);
      } catch (error) {
        // A bug of the listener. The change is still committed, so its caller must not get an error.
        log.error("A listener failed on a change of {topic}: {error}", { topic, error });
      }
    }
    if (taken.length > 0) return Promise.all(taken);
  }

  #listenersOf<T extends Topic>(topic: T): Set<Listener<T>> {
    let listeners = this.#listeners.get(topic);
    if (!listeners) this.#listeners.set(topic, listeners = new Set());
    return listeners as Set<Listener<T>>;
  }
}
