/** What is kept of a turn's usage: in the terms in which turns are summed, with the day, the agent and the model. */
import { epochOf } from "../../clock/clock.ts";
import { dayAt } from "../../domain/time_zones.ts";
import type { TaskRecord } from "../../domain/task_record.ts";
import type { TurnEntry } from "../../domain/usage.ts";
import { sumsOf } from "../../domain/usage_counting.ts";
import type { RunContext, RunSettings } from "../run_context.ts";

export interface UsageContext {
  settings: Pick<RunSettings, "agents" | "agentFor" | "executionOf" | "pricing" | "timezone">;
  store: { agents: Pick<RunContext["store"]["agents"], "get"> };
  index: Pick<RunContext["index"], "usedBelow">;
}

/** `told`: what the agent has told of the turn. Times are ISO 8601. */
export interface ToldTurn {
  attempt: number;
  turn: number;
  told?: Readonly<Record<string, unknown>>;
  started_at: string;
  ended_at: string;
}

export function entryOfTurn(
  context: UsageContext,
  task: TaskRecord,
  { attempt, turn, told, started_at, ended_at }: ToldTurn,
): TurnEntry {
  const { settings } = context;
  const known = task.state.attempts.find((one) => one.attempt === attempt);
  const agent = known?.agent ?? settings.agentFor(task);
  const model = modelOf(context, task, agent, told);
  const ended_ms = epochOf(ended_at);
  const duration_ms = Math.max(0, ended_ms - epochOf(started_at));
  const sums = sumsOf(told, { model, pricing: settings.pricing, duration_ms });
  return { ...sums, day: dayAt(ended_ms, settings.timezone), agent, model, attempt, turn };
}

/** The model that the agent was told to use, else the one that it says it uses by itself. */
function modelOf(
  { settings, store }: UsageContext,
  task: TaskRecord,
  agent: string,
  told: ToldTurn["told"],
): string | undefined {
  if (typeof told?.model === "string") return told.model;
  return settings.executionOf(task).model ?? settings.agents[agent]?.model ??
    store.agents.get(agent)?.state.model;
}
