/** A make of coding agent: everything that is peculiar to it, as one value. The protocol's own ways are in `acp/`. */
import type { RunRequest } from "../../domain/run.ts";
import type { PlanStep } from "../../domain/task.ts";
import type { FileChange } from "../acp/file_change.ts";
import type { Launched } from "../../host/processes/launched.ts";
import type { ProcessType } from "../../protocol/process.ts";

/** A JSON object as an agent sent it; nothing about it is checked. */
export type WireObject = Record<string, unknown>;

/** What an update says about the turn as a whole: it has failed, or it continues after all. */
export type TurnSign = "failed" | "going_on";

/** The provider of the agent's model refuses or slows it for a time. */
export interface ProviderLimit {
  reason: string;
  /** Epoch milliseconds at which it ends; undefined where the agent does not say. */
  until_ms?: number;
}

export interface AgentMake {
  /** As `profile` in the configuration has it, and `agent` of a process. */
  readonly name: string;
  /** As its makers write it. */
  readonly display_name: string;
  /** Path data of an SVG of 24 by 24 units, drawn as a line. */
  readonly icon: string;

  /** How a user gets the program and an account for it. */
  readonly install: {
    /** The command that installs it; undefined where nobody knows it. */
    command: string | undefined;
    /** A sentence or two with the command and what comes after it. */
    advice: string;
  };
  /** Base names, without extension, of the programs that speak for it. A configured command with one is of this make. */
  readonly programs: readonly string[];
  /** The agent that is known without any configuration, under the make's name; undefined for none. */
  readonly standard:
    | { readonly command: readonly string[]; readonly pass_env: readonly string[] }
    | undefined;
  /** The process type of what a process runs; undefined when that is not of this make. */
  recognize(launched: Launched): ProcessType | undefined;

  /** Variables that it needs to work as a task's agent; the configuration and the task may override them. */
  environment(request: RunRequest): Record<string, string>;
  /** Arguments added to the configured command. */
  arguments(request: RunRequest): string[];
  /** Session modes in order of preference. The first that the agent offers is set; an empty list sets none. */
  readonly modes: readonly string[];
  /** Whether a new process may load the session of a killed one. */
  readonly resumes: boolean;
  /** Lines on stderr that are chatter, logged as `debug` instead of `warn`. */
  readonly chatter: RegExp | undefined;

  /** The whole list of steps that an update carries; undefined when it carries none. */
  planOf(update: WireObject): PlanStep[] | undefined;
  /** What a tool call changes in files. */
  changesOf(call: WireObject): FileChange[];
  /** A failure that the agent does not report in its turn's result. */
  turnSign(update: WireObject): TurnSign | undefined;
  /** A limit of the model's provider that an update reports. */
  limitOf(update: WireObject): ProviderLimit | undefined;
  /** What a `usage_update` tells: context and cost. */
  usageOf(update: WireObject): Record<string, unknown>;
  /** The tokens that the result of a prompt tells. */
  tokensOf(result: WireObject): Record<string, number> | undefined;
  /** What these tokens cover when that is not the whole turn. */
  readonly tokens_scope: "last_model_call" | undefined;
}
