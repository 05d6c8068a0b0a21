/** From what happened to what is said of it: the channel, the keys that filters look at, the message. Pure. */
import { isoTime } from "../../clock/clock.ts";
import type { DomainEvent } from "../../engine/events.ts";
import type { Push } from "../../protocol/pushes.ts";
import type { LogPlace } from "../../store/log_place.ts";
import type { Channel } from "../../protocol/subscription_messages.ts";

export interface ChannelPush {
  channel: Channel;
  message: Push;
  /** What a subscription's filter is compared with. */
  keys: { task_id?: string; status?: string; level?: string; agent?: string };
  /** Newer pushes of the same key make this one worthless, so a slow reader gets only the newest. */
  coalesce?: string;
  /** For lists that a filter makes shorter: the message for these types only. */
  narrow?: (types: readonly string[]) => Push;
  /** Log entries: their place in the log. */
  place?: LogPlace;
}

/** The pushes that an event gives rise to, in order. */
export function pushesOf(event: DomainEvent, now_ms: number): ChannelPush[] {
  const timestamp = isoTime(now_ms);
  switch (event.kind) {
    case "task.changed": {
      const { before, after: { id, state } } = event;
      return [{
        channel: "task_status",
        keys: { task_id: id, status: state.status },
        message: {
          type: "task_status_update",
          task_id: id,
          old_status: before?.state.status ?? "pending",
          new_status: state.status,
          progress: state.progress,
          error: state.error,
          timestamp,
        },
      }];
    }
    case "task.progressed": {
      const { before, after: { id, state } } = event;
      return [{
        channel: "task_progress",
        keys: { task_id: id, status: state.status },
        message: {
          type: "task_progress_update",
          task_id: id,
          old_progress: before.state.progress,
          new_progress: state.progress,
          progress_details: state.progress_details,
          timestamp,
        },
      }];
    }
    case "permission.requested": {
      const { task_id, request } = event;
      return [{
        channel: "task_status",
        keys: { task_id, status: "running" },
        message: {
          type: "permission_request",
          task_id,
          ...request,
          timestamp,
        },
      }];
    }
    case "permission.answered":
      return [];
    case "agent.changed":
      return [{
        channel: "agents",
        keys: { agent: event.agent.type },
        message: { type: "agent_update", agent: event.agent, timestamp },
        coalesce: event.agent.id,
      }];
    case "security.alert":
      return [{ channel: "security", keys: {}, message: event.alert }];
    case "log.appended":
      return event.entries.map(({ node, seq, entry }) => ({
        channel: "log_entries" as const,
        keys: { level: entry.level, agent: entry.agent },
        message: { type: "log_entry" as const, log: entry },
        place: { node, seq },
      }));
  }
}
