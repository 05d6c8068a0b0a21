/** All channels. The server refuses to start if one of the protocol is missing, or two claim the same. */
import { isoTime } from "../../clock/clock.ts";
import type { DomainEvent } from "../../engine/events.ts";
import { Permission } from "../../domain/access_key.ts";
import { PUSHED } from "../../protocol/pushed.ts";
import { Channel } from "../../protocol/subscription_messages.ts";
import { agents } from "./agents.ts";
import type { ChannelDefinition, ChannelPush, StateSources } from "./channel.ts";
import { claudeProcesses } from "./claude_processes.ts";
import { connection } from "./connection.ts";
import { conversations } from "./conversations.ts";
import { logEntries } from "./log_entries.ts";
import { processes } from "./processes.ts";
import type { Producer } from "./producers.ts";
import { rateLimits } from "./rate_limits.ts";
import { security } from "./security.ts";
import { systemResources } from "./system_resources.ts";
import { taskManager } from "./task_manager.ts";
import { taskProgress } from "./task_progress.ts";
import { taskStatus } from "./task_status.ts";

const ALL: readonly ChannelDefinition[] = [
  systemResources,
  taskStatus,
  taskProgress,
  conversations,
  taskManager,
  agents,
  logEntries,
  processes,
  claudeProcesses,
  connection,
  security,
  rateLimits,
];

export type ChannelTable = ReadonlyMap<Channel, ChannelDefinition>;

/** Channel → definition. Throws if the definitions and the protocol do not agree. */
export function channelTable(all: readonly ChannelDefinition[] = ALL): ChannelTable {
  const table = new Map<Channel, ChannelDefinition>();
  for (const channel of all) {
    const { name, permission, pushes } = channel;
    if (table.has(name)) throw new Error(`two definitions of the channel '${name}'`);
    if (!Channel.options.includes(name)) throw new Error(`the protocol has no channel '${name}'`);
    if (!Permission.options.includes(permission)) {
      throw new Error(`channel '${name}' needs an unknown permission: '${permission}'`);
    }
    const foreign = pushes.find((type) => PUSHED[type]?.channel !== name);
    if (foreign !== undefined) throw new Error(`'${foreign}' is no push of the channel '${name}'`);
    if (!channel.onEvent && !channel.reports) throw new Error(`channel '${name}' never has a push`);
    table.set(name, channel);
  }
  const missing = Channel.options.filter((name) => !table.has(name));
  if (missing.length > 0) throw new Error(`no definition of the channels: ${missing.join(", ")}`);
  return table;
}

/** The pushes for an event, in order. */
export function pushesOf(table: ChannelTable, event: DomainEvent, now_ms: number): ChannelPush[] {
  const timestamp = isoTime(now_ms);
  const pushes: ChannelPush[] = [];
  for (const [channel, { onEvent }] of table) {
    for (const push of onEvent?.(event, timestamp) ?? []) pushes.push({ channel, keys: {}, ...push });
  }
  return pushes;
}

/** As `pushesOf`, for the pushes of one channel that must be read first. */
export async function laterPushesOf(
  { name, onEventLater }: ChannelDefinition,
  event: DomainEvent,
  now_ms: number,
): Promise<ChannelPush[]> {
  const pushes = await onEventLater?.(event, isoTime(now_ms)) ?? [];
  return pushes.map((push) => ({ channel: name, keys: {}, ...push }));
}

/** The producers of the channels that report a state. */
export function producersOf(table: ChannelTable, sources: StateSources): Producer[] {
  return [...table.values()].flatMap(({ name, reports }) =>
    reports ? [{ channel: name, ...reports(sources) }] : []
  );
}
