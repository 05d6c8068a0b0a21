/** How a stored change reaches what is kept up to date by it: indexes, the dispatcher, pushes. */
import { getLogger } from "@logtape/logtape";
import type { ScheduleSpec, ScheduleState } from "../domain/schedule.ts";
import type { TaskSpec, TaskState } from "../domain/task_record.ts";
import type { KeySpec, KeyState } from "../domain/access_key.ts";
import type { SeqEntry } from "./log_query.ts";
import type { Change } from "./record_memory.ts";
import type { NodeEvent } from "./shared_node.ts";

const log = getLogger(["opencode-agents", "store"]);

/** What is told under each topic: the changes of one commit, or log entries in their order. */
export interface Topics {
  task: Change<TaskSpec, TaskState>[];
  schedule: Change<ScheduleSpec, ScheduleState>[];
  key: Change<KeySpec, KeyState>[];
  log: SeqEntry[];
  /** How this node and the others stand. */
  node: NodeEvent;
}

export type Topic = keyof Topics;
/** A promise is waited for where that holds something back: the log takes no more entries until then. */
export type Listener<T extends Topic> = (changes: Topics[T]) => void | Promise<unknown>;

export interface Notifier {
  /**
   * Calls the listener with everything that is committed from now on, in the order in which this node learns of it,
   * after the store's memory holds it. Listeners are called in the order in which they subscribed. Returns the function
   * that ends the subscription.
   */
  subscribe<T extends Topic>(topic: T, listener: Listener<T>): () => void;
  /** Tells the listeners of a committed change. Resolves when all have taken it. */
  publish<T extends Topic>(topic: T, changes: Topics[T]): void | Promise<unknown>;
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
        // A bug of the listener. The change is committed, which is what its caller must hear.
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
