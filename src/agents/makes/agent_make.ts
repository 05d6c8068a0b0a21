/** A make of coding agent: everything that is specific to it, as one value. The protocol itself is in `acp/`. */
import type { RunRequest } from "../../domain/run_request.ts";
import type { PermissionPolicy, PlanStep } from "../../domain/task.ts";
import type { AgentMoment } from "../acp/agent_moment.ts";
import type { FileChange } from "../acp/file_change.ts";
import type { ModelTrouble } from "../acp/model_trouble.ts";
import type { Notice } from "../acp/notice.ts";
import type { KeptPlaces } from "../../host/sandbox/view.ts";
import type { Launched } from "../../host/processes/launched.ts";
import type { ProcessType } from "../../protocol/process.ts";

/** A JSON object as an agent sent it, unchecked. */
export type WireObject = Record<string, unknown>;

/**
 * What an update shows about the whole turn: it has failed, or it continues after all. refused: what the model answered was
 * withheld; the agent has asked it again.
 */
export type TurnSign = "failed" | "going_on" | "refused";

/** One thing that an agent tells, by whichever way. */
export type AgentSign =
  | { from: "update"; update: WireObject }
  /** A notification of its own, beyond the protocol. */
  | { from: "notification"; method: string; params: WireObject }
  /** A line on stderr, without colors. */
  | { from: "stderr"; line: string };

/** What an agent does of itself, or has at work in the background. */
export interface OwnWork {
  /** Whether it works now. */
  isAtWork?: boolean;
  /** How much runs in its background that it will look at when it has ended. */
  background?: number;
}

/** nothing: it asks before it changes or runs anything. edits: it changes files of its workspace. */
export type Unasked = "nothing" | "edits" | "everything";

/** An MCP server that an agent cannot use. */
export interface BrokenServer {
  name: string;
  /** Why, if the agent says so. */
  why?: string;
}

/** What makes a program ask before it writes or runs something, whatever its user's own settings allow. */
export interface Binding {
  /** `_meta` of the requests that open a session. */
  readonly session_meta?: WireObject;
  /** What changes at the start of the program. */
  prepare?(place: StartingPlace): BoundStart | Promise<BoundStart>;
}

/** What a task asks for that decides how its agent is held back. */
export type PolicyRequest = Pick<RunRequest, "permissions" | "mode">;

/** Where a program is about to start. */
export interface StartingPlace {
  /** The variables that it would get. */
  readonly env: Readonly<Record<string, string>>;
  readonly working_dir: string;
  /** The path that one of our `files` will have. */
  file(name: string): string;
  /** The text of a file; undefined if it cannot be read. */
  read(path: string): Promise<string | undefined>;
  /** The paths of the files in a folder. */
  list(folder: string): Promise<string[]>;
}

export interface BoundStart {
  /** The content of files in the run's temporary folder, by name. */
  files?: Record<string, string>;
  /** Files that it runs as programs, likewise. */
  programs?: Record<string, string>;
  /** Arguments after all others. */
  args?: string[];
  /** Variables that override all others. */
  env?: Record<string, string>;
  /** What the task's log should say, such as what cannot be held back. */
  warnings?: string[];
  /** Why it cannot be held to the policy here: it is not started. */
  obstacle?: string;
}

export interface AgentMake {
  /** The value of `profile` in the configuration and of `agent` of a process. */
  readonly name: string;
  /** The name as its makers write it. */
  readonly display_name: string;
  /** Path data of an SVG of 24 by 24 units, drawn as a line. */
  readonly icon: string;

  /** How a user gets the program and an account for it. */
  readonly install: {
    /** The command that installs it; undefined if unknown. */
    command: string | undefined;
    /** A sentence or two with the command and what comes after it. */
    advice: string;
  };
  /** The oldest major version of Node that its present version runs on; undefined for any, and for none. */
  readonly node: number | undefined;
  /** How a user gets it an account, when the program is there. */
  readonly login: {
    /** A sentence or two with the command, and the variables that do without it. */
    advice: string;
    /** Variables that do without a login. */
    variables: readonly string[];
    /** The files that a login leaves. Their presence is looked at, not their content. `env`: the agent's variables. */
    files(env: Readonly<Record<string, string>>): string[];
    /** Whether it works without any, if only with some models. */
    isOptional: boolean;
  };
  /**
   * What its program keeps on the machine while it works, such as sessions and logins: a sandbox lets it change that. `env`: the
   * agent's variables.
   */
  kept(env: Readonly<Record<string, string>>): KeptPlaces;
  /** Base names, without extension, of its programs. A configured command with one of them is of this make. */
  readonly programs: readonly string[];
  /** The agent that is known without any configuration, under the make's name; undefined for none. */
  readonly standard:
    | {
      /** acp, unless it says otherwise. */
      readonly protocol?: "command";
      readonly command: readonly string[];
      readonly pass_env: readonly string[];
    }
    | undefined;
  /** Whether a line that a program of `"protocol": "command"` prints shows that it has failed, whatever its exit code. */
  lineSign(line: string): TurnSign | undefined;
  /** The process type of what a process runs; undefined if that is not of this make. */
  recognize(launched: Launched): ProcessType | undefined;

  /** Variables that it needs to work as a task's agent; the configuration and the task may override them. */
  environment(request: RunRequest): Record<string, string>;
  /** Arguments added to the configured command. */
  arguments(request: RunRequest): string[];
  /** What the client declares to it in `clientCapabilities._meta`, beyond the protocol; undefined for nothing. */
  readonly client_meta: WireObject | undefined;
  /** What `session/new` and `session/load` carry in `_meta`; undefined for nothing. */
  readonly session_meta: WireObject | undefined;
  /**
   * Session modes in order of preference. The first that the agent offers is set; an empty list sets none. `isBoxed`: whether it
   * runs in a sandbox of ours.
   */
  modes(policy: PermissionPolicy, isBoxed: boolean): readonly string[];
  /** How it is held to a policy, together with its mode; undefined if nothing holds it. */
  readonly bind: ((request: PolicyRequest) => Binding) | undefined;
  /** Whether a mode that it lists exists. What binds an agent to the permissions may have it list the task's mode. */
  hasMode(mode: { id: string; description?: string }): boolean;
  /** What a call would have done that its binding has denied without a request; undefined for none. */
  deniedIn(update: WireObject): string | undefined;
  /**
   * Whether a call for which it asks permission is of a tool of the MCP server of that name, and of no other tool that a model
   * could make look so; false if its requests do not tell.
   */
  isToolOf(call: WireObject, server: string): boolean;
  /** What it does in a mode without asking for permission. */
  unasked(mode: string): Unasked;
  /** Whether it knows more names of its models than it lists, and refuses those that it does not know. */
  readonly resolves_models: boolean;
  /** Whether it opens a session only if it has an account to work with, or needs none. */
  readonly session_shows_login: boolean;
  /** The command by which a person goes on with a session in the agent's own program; undefined if there is none. */
  goOn(session_id: string): readonly string[] | undefined;
  /** Whether a new process may load the session of a killed one. */
  readonly resumes: boolean;
  /**
   * Why a session that was opened at `opened_ms` cannot be loaded at `now_ms`; undefined if it can. Both in epoch
   * milliseconds.
   */
  obstacleToLoad(opened_ms: number | undefined, now_ms: number): string | undefined;
  /** Whether its sessions forget a turn that was ended before its answer, with all that the agent was told in it. */
  readonly forgets_ended_turns: boolean;
  /** How long the agent must be quiet after it has loaded a session, if it replays a part of it after its reply. */
  readonly replay_pause_ms: number;
  /** The commands of processes that it keeps for itself, such as language servers. They are not work that is left. */
  readonly helpers: RegExp | undefined;
  /** Lines on stderr that are only chatter. They are logged as `debug` instead of `warn`. */
  readonly chatter: RegExp | undefined;

  /** What it says it takes in a prompt but does not take well. That goes as a file. */
  readonly takes_badly: readonly ("image" | "audio" | "resource")[];
  /** Ways to MCP servers of which it says, or the protocol asks, that it has them, but which it does not use. */
  readonly lacks_mcp: readonly ("stdio" | "http" | "sse")[];

  /**
   * Whether its `fs/write_text_file` is the news of what it writes itself, which it also sends to a client that offers no
   * such thing.
   */
  readonly tells_writes: boolean;

  /** Whether the agent goes on while its question (`elicitation/create`) waits for an answer. */
  goesOnAfter(question: WireObject): boolean;

  /** An update in the protocol's terms, of an agent that tells something in terms of its own. */
  inProtocolTerms(update: WireObject): WireObject;
  /** The whole list of steps in an update; undefined if it has none. */
  planOf(update: WireObject): PlanStep[] | undefined;
  /** The changes that a tool call makes to files. */
  changesOf(call: WireObject): FileChange[];
  /** A failure that the agent does not report in its turn's result. */
  turnSign(update: WireObject): TurnSign | undefined;
  /**
   * What an update says that is no part of the answer, such as a warning; undefined for nothing. `hasFailed`: `turnSign` has
   * said that the turn has failed; a notice of level `error` then says why.
   */
  noticeOf(update: WireObject, hasFailed: boolean): Notice | undefined;
  /** Whether it may go on of itself after its turn. */
  readonly may_go_on: boolean;
  /** What it does or has at work besides the turn that it was asked for; undefined if the sign says nothing of that. */
  ownWorkOf(sign: AgentSign): OwnWork | undefined;
  /** Whether it asks its model again only after a tool call, so that answer after answer shows that none arrives whole. */
  readonly answers_once: boolean;
  /** Why a turn that ended well may not be what it seems, by its result; undefined for no doubt. */
  doubtOf(result: WireObject): string | undefined;
  /** Trouble with the model while the agent goes on trying; undefined if the sign tells none. */
  troubleOf(sign: AgentSign, at: AgentMoment): ModelTrouble | undefined;
  /** The MCP servers of its session that a sign says do not work. */
  brokenServers(sign: AgentSign): BrokenServer[];
  /** Whether it tells what its turns cost; undefined if that is not known. */
  readonly tells_cost: boolean | undefined;
  /** Whether each `usage_update` without a cost tells the size of the context after one call of the model. */
  readonly tells_each_call: boolean;
  /** The context and cost in a `usage_update`. */
  usageOf(update: WireObject): Record<string, unknown>;
  /** The tokens in the result of a prompt. */
  tokensOf(result: WireObject): Record<string, number> | undefined;
  /** Whether these tokens are the sum of all turns of the process. */
  readonly sums_tokens: boolean;
  /** The tokens of one call of the model, in an update of an agent that does not sum them up in the prompt's result. */
  tokensOfCall(update: WireObject): Record<string, number> | undefined;
  /** What these tokens cover, if not the whole turn. */
  readonly tokens_scope: "last_model_call" | undefined;
}
