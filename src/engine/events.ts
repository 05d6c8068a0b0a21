/** The events of the engine. Each is published once, after the commit. `by`: the actor who asked for the change. */
import { getLogger } from "@logtape/logtape";
import type { Agent } from "../protocol/basic_messages.ts";
import type { ConversationMessage } from "../protocol/conversation_messages.ts";
import type { Hold } from "../domain/hold.ts";
import type { Actor } from "../domain/actor.ts";
import type { BudgetAlert } from "../domain/budget.ts";
import type { SeqEntry } from "../store/log_query.ts";
import type { SecurityAlert } from "../protocol/pushes.ts";
import type { PermissionRequest } from "../domain/permission_request.ts";
import type { Question } from "../domain/question.ts";
import type { TaskRecord } from "../domain/task_record.ts";

export type DomainEvent =
  /** `elsewhere`: another node has made the change, and logs it. */
  | { kind: "task.changed"; before?: TaskRecord; after: TaskRecord; by: Actor; elsewhere?: boolean }
  | { kind: "task.progressed"; before: TaskRecord; after: TaskRecord; by: Actor }
  /** These fields of the task, as clients see it, have new values. */
  | {
    kind: "task.fields_changed";
    task_id: string;
    fields: readonly string[];
    after: TaskRecord;
    by: Actor;
    elsewhere?: boolean;
  }
  /** Messages are new or have another state. `read` returns those of them that say anything, as they are now. */
  | { kind: "conversation.changed"; task_id: string; read(): Promise<ConversationMessage[]> }
  | { kind: "permission.requested"; task_id: string; request: PermissionRequest }
  /** It is no longer open: it was answered, withdrawn, or nobody answered in time. */
  | { kind: "permission.settled"; task_id: string; permission_id: string }
  | { kind: "question.asked"; task_id: string; question: Question }
  | { kind: "question.settled"; task_id: string; question_id: string }
  /**
   * The provider of an agent refuses it for a time (`is_new`: since just now; once for each hold), or that has changed or is
   * over: then `hold` is absent or no longer holds anybody.
   */
  | { kind: "agent.hold_changed"; agent: string; hold?: Hold; is_new: boolean }
  /** A schedule is new, was changed, or is gone. */
  | { kind: "schedule.changed"; task_id: string }
  /** Nobody was there when this was due: a run of a schedule, made up for as `run_id`, or a task of its own. */
  | { kind: "schedule.missed"; task_id: string; scheduled_time: string; run_id?: string }
  | { kind: "agent.changed"; agent: Agent }
  /** A budget has come to 80 % or to 100 %. Told once for each. */
  | { kind: "budget.reached"; budget: BudgetAlert }
  | { kind: "security.alert"; alert: SecurityAlert }
  | { kind: "log.appended"; entries: readonly SeqEntry[] };

export type EventListener = (event: DomainEvent) => void;

const log = getLogger(["opencode-agents", "engine"]);

/** Passes each event to every listener, in order. A listener that throws is a bug and does not stop the others. */
export class EventBus {
  #listeners = new Set<EventListener>();

  /** Returns the function that ends the subscription. */
  listen(listener: EventListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  publish(event: DomainEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (error) {
        log.error("A listener failed on {kind}: {error}", { kind: event.kind, error });
      }
    }
  }
}
