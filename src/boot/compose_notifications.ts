/** Wires the notifications: what of all that happens is told. */
import { type Happening, happeningsOf, noticeTask } from "../domain/notice.ts";
import { ownTimeZone } from "../domain/time_zones.ts";
import type { ScheduleRecord } from "../domain/schedule.ts";
import type { DailyReport } from "../engine/daily_report.ts";
import type { DomainEvent, EventBus } from "../engine/events.ts";
import { Masker, secretValues } from "../domain/masking.ts";
import type { Belonging } from "../engine/projects.ts";
import { containedPrograms } from "../host/processes/contained_program.ts";
import { DailyReports } from "../notify/daily_reports.ts";
import { Notifications } from "../notify/notifications.ts";
import type { Store } from "../store/open.ts";
import type { ComposeOptions } from "./compose_options.ts";
import { serverSecrets } from "./server_secrets.ts";

export interface Told {
  store: Store;
  bus: EventBus;
  projectOf(task: Belonging): string | undefined;
}

export function composeNotifications(
  { clock, config }: ComposeOptions,
  { store, bus, projectOf: configured }: Told,
  url: () => string,
): Notifications {
  const env = Deno.env.toObject();
  // A label is a project too where no configured one has its name.
  const projectOf = (task: Belonging) => configured(task) ?? (task.spec.metadata?.project || undefined);
  const notifications = new Notifications({
    clock,
    // Programs have all variables of the server, and may print them.
    masker: new Masker([...serverSecrets(config, env), ...secretValues(env)]),
    outbox: store.outbox,
    targets: config.notifications,
    run: containedPrograms(clock),
    env,
    base: () => config.server.public_url ?? url(),
    timezone: config.tasks.timezone ?? ownTimeZone(),
  });
  if (config.notifications.length === 0) return notifications;
  store.tasks.alongside((changes, room) =>
    notifications.with(
      changes.flatMap(({ before, after }) => after ? happeningsOf(before, after, projectOf(after)) : []),
      room,
    )
  );
  store.schedules.alongside((changes, room) =>
    notifications.with(changes.flatMap(({ before, after }) => pausedOf(before, after, projectOf) ?? []), room)
  );
  const taskOf = (id: string) => {
    const task = store.tasks.get(id);
    return task && noticeTask(task, projectOf(task));
  };
  bus.listen((event) => {
    const happening = happeningOf(event, taskOf);
    if (happening) notifications.tell(happening);
  });
  return notifications;
}

/** `notifications`: those of `composeNotifications`. */
export function composeDailyReports(
  { clock, config }: ComposeOptions,
  { outbox }: Store,
  notifications: Notifications,
  report: DailyReport,
): DailyReports {
  return new DailyReports({
    clock,
    outbox,
    notifications,
    targets: config.notifications,
    timezone: config.tasks.timezone ?? ownTimeZone(),
    report: ({ project, timezone }) => report.markdown({ project, timezone }),
  });
}

/** A schedule that has been paused since its runs fail will miss its times until somebody looks. */
function pausedOf(
  before: ScheduleRecord | undefined,
  after: ScheduleRecord | undefined,
  projectOf: Told["projectOf"],
): Happening | undefined {
  if (after?.state.paused?.reason !== "failures" || before?.state.paused !== undefined) return undefined;
  const { id, spec: { task, recurring }, state: { last_run } } = after;
  const data = { task_id: id, reason: "failures", failures: recurring?.pause_after_failures, last_run };
  return { event: "schedule_missed", project: projectOf({ spec: task }), data };
}

/** What an event tells that no change of a task's record tells. */
function happeningOf(
  event: DomainEvent,
  taskOf: (id: string) => Happening["task"],
): Happening | undefined {
  switch (event.kind) {
    case "permission.requested":
      return { event: "permission_requested", task: taskOf(event.task_id), data: { ...event.request } };
    case "question.asked":
      return { event: "question_asked", task: taskOf(event.task_id), data: { ...event.question } };
    case "security.alert": {
      const { type: _, timestamp: __, ...data } = event.alert;
      return { event: "security_alert", data };
    }
    case "agent.hold_changed": {
      if (!event.is_new || !event.hold) return undefined;
      const { until, reason, model } = event.hold;
      return { event: "provider_limit", data: { agent: event.agent, model, until, reason } };
    }
    case "schedule.missed": {
      const { task_id, scheduled_time, run_id } = event;
      return {
        event: "schedule_missed",
        task: taskOf(run_id ?? task_id),
        data: { task_id, scheduled_time, run_id },
      };
    }
    case "budget.reached": {
      const { task, project, ...data } = event.budget;
      return { event: "budget", task: taskOf(task.id), project, data: { ...data, project } };
    }
    case "agent.changed": {
      const { id, status, task_id, type } = event.agent;
      if (status !== "unresponsive" || task_id === undefined) return undefined;
      return { event: "agent_unresponsive", task: taskOf(task_id), data: { agent_id: id, agent: type } };
    }
    default:
      return undefined;
  }
}
