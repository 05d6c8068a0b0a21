/** The kinds of records in a store, each with the schemas that read it. */
import * as z from "zod";
import { AgentOffer } from "../domain/agent_offer.ts";
import { Hold } from "../domain/hold.ts";
import { Remembered } from "../domain/remembered.ts";
import { KeySpec, KeyState } from "../domain/access_key.ts";
import { ScheduleSpec, ScheduleState } from "../domain/schedule.ts";
import { type Stored, stored } from "../domain/stored.ts";
import { TaskSpec, TaskState } from "../domain/task_record.ts";

export interface RecordKind<Spec, State> {
  /** The first part of its keys. */
  readonly name: string;
  readonly spec: Stored<Spec>;
  readonly state: Stored<State>;
}

export function recordKind<Spec, State>(
  name: string,
  spec: z.ZodType<Spec>,
  state: z.ZodType<State>,
): RecordKind<Spec, State> {
  return { name, spec: stored(`${name}.spec`, spec), state: stored(`${name}.state`, state) };
}

export const TASKS = recordKind("task", TaskSpec, TaskState);
export const SCHEDULES = recordKind("schedule", ScheduleSpec, ScheduleState);
/** Of records that have only a state. */
const NoSpec = z.object({});
export type NoSpec = z.infer<typeof NoSpec>;

export const AGENTS = recordKind("agent", NoSpec, AgentOffer);
/** The agents whose providers refuse them for a time. */
export const HOLDS = recordKind("hold", NoSpec, Hold);
/** Answers to permission requests. */
export const REMEMBERED = recordKind("remembered", NoSpec, Remembered);
export const KEYS = recordKind("key", KeySpec, KeyState);
