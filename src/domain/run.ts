/**
 * The interface between the engine, which decides when a task runs, and the agents, which run it. One `Run` is one
 * attempt of one task by one agent process. It has one turn, or several if the agent supports them.
 */
import type { LeftProcess } from "./output.ts";
import type { Failure } from "./failure.ts";
import type { Actor } from "./actor.ts";
import type { Cost } from "./cost.ts";
import type { Attachment } from "./attachment.ts";
import type { LogLevel } from "./log_entry.ts";
import type { McpServer, OwnTools } from "./mcp_server.ts";
import type { OfferNews } from "./agent_offer.ts";
import type { AgentAccess } from "./agent_access.ts";
import type { AgentSession } from "./agent_session.ts";
import type { AgentConfig } from "./agent_config.ts";
import type { PermissionRequest } from "./permission_request.ts";
import type { Question, QuestionAction, QuestionAnswer } from "./question.ts";
import type { Project } from "./project.ts";
import type { PermissionPolicy, PlanStep } from "./task.ts";
import type { Review, SavedWork, StoredWorkspace } from "./workspace.ts";

/** A file for the agent, and where its content is. */
export interface AttachmentFile extends Attachment {
  path: string;
}

/** What the agent is told in a turn after the first: the message of a person, of a review, of a check. */
export interface TurnMessage {
  /** Markdown, as it was written. */
  text: string;
  attachments?: readonly AttachmentFile[];
}

export interface RunRequest {
  task: {
    id: string;
    type: string;
    description: string;
    /** `execution.prompt`, else the description. */
    prompt: string;
    files_pattern?: string;
    metadata?: Record<string, unknown>;
    /** What came of the tasks that it depends on, if its agent is to be told. */
    dependencies?: readonly DependencyResult[];
  };
  /** Counts from 1. */
  attempt: number;
  /** The agent's name in the configuration. */
  agent_name: string;
  agent: AgentConfig;
  /** Absolute, symlinks resolved, inside an allowed folder. */
  working_dir: string;
  /** Extra variables of this task (`execution.env`). */
  env: Record<string, string>;
  /** What the task, else its agent's configuration, chooses of what the agent offers. */
  model?: string;
  effort?: string;
  mode?: string;
  permissions: PermissionPolicy;
  /** Whether the task itself names that policy. */
  namesPermissions?: boolean;
  /** A permission request that nobody answers is denied after this time, and a question is cancelled. */
  permission_timeout_ms: number;
  /** How long to wait for what a turn leaves at work. */
  wait_for_background_ms?: number;
  /** How long the agent may be silent while it loads an earlier session. */
  session_timeout_ms?: number;
  /** Servers of the Model Context Protocol whose tools the agent gets. */
  mcp_servers?: readonly McpServer[];
  /** This server's own tools, by which the agent delegates: over http where the agent takes that. */
  own_tools?: OwnTools;
  access?: AgentAccess;
  /** Files that the agent gets with the task's prompt. */
  attachments?: readonly AttachmentFile[];
  /**
   * The session of an earlier attempt, which is resumed if the agent can. `opened_at`: ISO 8601. `adopted`: the task has
   * taken it up from elsewhere, and fails without it. `cost`: what it had cost at the end of the last turn.
   */
  resume?: { session_id: string; opened_at?: string; adopted?: boolean; cost?: Cost };
  /** What earlier attempts did: absent in the first one, and in one that begins anew. */
  earlier?: EarlierWork;
  /**
   * The message whose turn this attempt begins with. Absent: that turn is the task's first, of its prompt. `mayBeTold`: an
   * earlier attempt was at this turn, so that the agent may have had the message; a session that is loaded shows whether it
   * has, and it is not told twice. `copies`: how many earlier messages had the same text, the task's prompt included.
   */
  message?: TurnMessage & { mayBeTold: boolean; copies?: number };
  /** What an earlier attempt at this turn was told while it was at work. A loaded session shows what of it the agent has had. */
  steered?: readonly TurnMessage[];
  /** Whether a message waits for the end of the turn. The run then does not wait for what the agent does of itself. */
  hasNext?: () => boolean;
}

/** What came of a task that another one depends on. */
export interface DependencyResult {
  task_id: string;
  description: string;
  /** The agent's last answer. */
  answer?: string;
  /** The files that it changed, at most as many as are told, and one more if there are more. */
  files: readonly string[];
  /** What became of the changes. */
  review?: Review;
  /** Whether the task's folder has them. */
  isHere: boolean;
}

/** What an agent needs to know of the attempts before it, whether it goes on in their session or begins a new one. */
export interface EarlierWork {
  /** Why the last attempt ended; absent if its last turn was completed. */
  stopped?: string;
  /** The agent's last words. */
  answer?: string;
  /** The last plan, with what was done of it. */
  plan: readonly PlanStep[];
  /** The last tool calls, the oldest first. */
  steps: readonly string[];
  /** The files that the tool calls changed. */
  files: readonly string[];
  /** What the agent was asked after the task's prompt and before this turn, the oldest first. */
  asked?: readonly string[];
}

/** What a run reports. Progress comes from the agent's own plan or todo list, never from a timer. */
export type RunEvent =
  | { kind: "started"; pid: number }
  /** The agent is ready to work: over ACP, the session is open. `resumed`: an earlier session continues. `opened_at`: ISO 8601, when the session was new. */
  | { kind: "session"; session_id: string; opened_at?: string; resumable: boolean; resumed: boolean }
  /** The agent has been given the prompt of the turn. */
  | { kind: "prompted" }
  /** The agent has said or done something in its session, after the prompt. Reported once. */
  | { kind: "at_work" }
  | {
    kind: "progress";
    completed_steps: number;
    total_steps: number;
    current_step?: string;
    /** The first steps of the plan. The counts cover the whole plan. */
    steps?: PlanStep[];
  }
  | { kind: "activity"; current_step: string }
  /** The agent asks its model again. `current_step`: what went wrong and which try it is, at most 200 characters. */
  | { kind: "retrying"; current_step: string }
  /**
   * The agent has been silent for a while, which is no sign of life. `current_step`: for how long, and what it was at.
   * `isLong`: the log says so too.
   */
  | { kind: "silent"; current_step: string; isLong: boolean }
  /** The agent goes on after `retrying` or `silent`. `current_step`: what it does now, if that is known. */
  | { kind: "recovered"; current_step?: string }
  | { kind: "log"; level: LogLevel; message: string; source: string; details?: Record<string, unknown> }
  | { kind: "permission_requested"; request: PermissionRequest }
  | {
    kind: "permission_settled";
    permission_id: string;
    outcome: string;
    by: "client" | "policy" | "timeout" | "end";
  }
  | { kind: "question_asked"; question: Question }
  | {
    kind: "question_settled";
    question_id: string;
    action: QuestionAction;
    by: "client" | "timeout" | "end";
  }
  /** The agent has given a sign of life that is no other report, such as output that is not a whole line. */
  | { kind: "sign" }
  | { kind: "usage"; usage: Record<string, unknown> }
  /** What the agent turns out to offer, for lists and pickers. */
  | { kind: "offer"; news: OfferNews }
  /** The turn has ended as `outcome` says, but the agent has begun another of itself. */
  | { kind: "own_turn"; outcome: TurnOutcome }
  /** A turn has ended and the run waits for `Run.next`, for 15 minutes. Only runs that have `next` report this. */
  | { kind: "turn_ended"; outcome: TurnOutcome };

/** What a provider has told when it refused a turn for a time. */
export interface Refusal {
  /** When it takes requests again, if it has told: ISO 8601. The engine judges whether to believe that. */
  until?: string;
  /** The model that is refused, by the name that tasks choose it by, if the agent's other models are not. */
  model?: string;
  /** For people, in the provider's own words: at most 200 characters. */
  reason: string;
}

/** How a turn ended. */
export interface TurnOutcome {
  /** `stopped`: ended because the engine called `stop` or `interrupt`. */
  status: "completed" | "failed" | "stopped";
  /** Present if the turn failed. The message has at most 1,000 characters. */
  failure?: Failure;
  /** With a failure of kind `provider_limit` or `overloaded`, if the agent has told more than that. */
  refusal?: Refusal;
  /** The agent's answer (ACP: its last message; command: the end of stdout), at most 32 KiB of UTF-8. */
  output: string;
  stop_reason?: string;
  /** Of this turn alone. */
  usage?: Record<string, unknown>;
  /** What the session has cost from its beginning, if the agent tells. */
  session_cost?: Cost;
  /** What a person should know although the work is completed, such as a question that nobody answered. */
  warnings?: string[];
}

/** How the run ended: as its last turn did, with the exit code of the process if that decided it. */
export interface RunOutcome extends TurnOutcome {
  exit_code?: number;
  /** What the turn left at work, if anything. It has been ended with the agent. */
  left_running?: LeftProcess[];
}

export interface Run {
  readonly pid: number;
  /** Settles once, after the whole process tree is gone. Never rejects. */
  readonly outcome: Promise<RunOutcome>;
  /**
   * Ends the run through the protocol, then stdin, then signals to the whole tree. Settles when all processes are gone.
   * Idempotent.
   */
  stop(): Promise<void>;
  /** SIGSTOP to the whole tree. */
  pause(): Promise<void>;
  /** SIGCONT to the whole tree. */
  resume(): Promise<void>;
  /**
   * Gives the agent a message in its running turn. Resolves to false if the agent takes none there, or the turn has ended:
   * then the message is still the caller's to deliver. Rejects if that is unknown. Absent if the agent never takes one.
   */
  steer?(message: TurnMessage): Promise<boolean>;
  /**
   * Answers `turn_ended`: begins the next turn with the message, or ends the run. Returns false if no turn has ended or the
   * run is over: then the message is still the caller's to deliver. Absent if the agent takes only one prompt.
   */
  next?(message: TurnMessage | undefined): boolean;
  /**
   * Ends the present turn through the protocol. Its end is reported as that of any turn, `stopped` unless the agent was faster;
   * the process and the session stay. An agent that does not end its turn is ended, as `unresponsive`. Does nothing between
   * turns. Absent if the agent takes only one prompt.
   */
  interrupt?(): void;
  /**
   * Answers an open permission request. Returns false if it is not open any more, or has no such option: of several
   * answers one counts.
   */
  answerPermission(permission_id: string, option_id: string, by: Actor): boolean;
  /** Answers an open question. Returns false if it is not open any more. Absent if the agent asks none. */
  answerQuestion?(question_id: string, answer: QuestionAnswer, by: Actor): boolean;
}

/**
 * Receives a run's reports in order. The agent's output is not read on until a returned promise settles, so an agent
 * that prints megabytes cannot fill the server's memory.
 */
export type RunListener = (event: RunEvent) => void | Promise<void>;

/** An agent's program as it is found on this machine. */
export interface AgentProgram {
  /** The name of its make; undefined if it is none that the server knows. */
  make?: string;
  installed: boolean;
  /** How to install it, or what else to do about it. */
  install_advice: string;
  /** How to get it an account. */
  login_advice: string;
}

export interface AgentRunner {
  /**
   * Spawns the agent in its own process group, registers it with the reaper, and starts the work. Throws `ApiError`
   * (`SERVICE_UNAVAILABLE`, `FILE_NOT_FOUND`, …) if it cannot be started. The error says what to install.
   */
  start(request: RunRequest, listener: RunListener): Promise<Run>;
  /** Whether the agent can be held to `ask` and `deny`. Absent: each can. */
  canHold?(agent: AgentConfig): boolean;
  /** Looks for the agent's program, without running it. */
  look?(agent: AgentConfig): Promise<AgentProgram>;
  /**
   * Starts the agent in a folder of its own, opens and closes a session, and ends it. `found` gets what it offers.
   * Returns why no session could be opened, if so, soon after `signal` aborts. Throws as `start` does.
   */
  probe?(
    name: string,
    agent: AgentConfig,
    found: (news: OfferNews) => void,
    signal: AbortSignal,
  ): Promise<string | undefined>;
  /**
   * Starts the agent in a folder of its own, asks for the sessions that it keeps of this folder, or of all, and ends it,
   * soon after `signal` aborts too. Throws `INVALID_FIELD_VALUE` if it has no list, `SERVICE_UNAVAILABLE` if it gives none.
   */
  sessions?(
    name: string,
    agent: AgentConfig,
    working_dir: string | undefined,
    signal: AbortSignal,
  ): Promise<AgentSession[]>;
  /** The command by which a person goes on with a session in the agent's own program; undefined if there is none. */
  sessionCommand?(agent: AgentConfig, session_id: string): string | undefined;
  /** Told that a run is likely to start within milliseconds. What a start waits for then begins now. */
  expect?(): void;
  /**
   * Lets the agents run until `at_ms` on the monotonic clock, unless this is called again. Agents that still run then
   * are killed, even if this server is paused, and none starts after that: a start under way throws
   * `SERVICE_UNAVAILABLE`. Used if other nodes may take the tasks over.
   */
  keepUntil?(at_ms: number): void;
  /** Ends all processes that earlier servers on the same store left behind. Returns how many there were. */
  endStrays(): Promise<number>;
  /** Ends the helper processes, after all runs have ended. */
  close(): Promise<void>;
}

/** The work of a dependency, from which a new worktree may start. */
export interface InheritedWork {
  task_id: string;
  /** git's folder of the repository that has it. */
  common_dir?: string;
  /** Names of its last commit, the surest first. */
  commits?: readonly string[];
  /** What it has itself inherited. */
  inherited?: StoredWorkspace["inherited"];
  /** Why there is none. */
  absent?: string;
}

/** What a workspace needs to know of its task. */
export interface WorkspaceTask {
  id: string;
  description: string;
  /** The folder that the task names, with symbolic links resolved. */
  working_dir: string;
  isolation: "none" | "worktree";
  /** The branch, tag or commit from which the work starts. */
  base?: string;
  /** The workspace as the task's record has it. */
  known?: StoredWorkspace;
  /** The work of others from which a new worktree starts, in the order in which it is merged. */
  inherits?: readonly InheritedWork[];
  /** What the task's project says about worktrees. */
  project?: Pick<
    Project,
    "base_branch" | "fetch" | "copy" | "setup" | "setup_timeout_ms" | "teardown" | "env"
  >;
}

/** Where a task works. */
export interface OpenWorkspace {
  working_dir: string;
  /** Whether there may be work to save. */
  hasWork: boolean;
  /** What the task's record is to get when the attempt ends, if there is no work to save. */
  workspace?: StoredWorkspace;
  /** For the task's log. */
  notes?: SavedWork["notes"];
  /**
   * Commits what has changed. `isOver`: no agent follows soon, so a worktree without changes may go. Never rejects, and settles
   * soon after `signal` aborts.
   */
  save(isOver: boolean, signal: AbortSignal): Promise<SavedWork>;
}

export interface Workspaces {
  /**
   * Checks that the task can have its workspace, before the task is stored. Throws `INVALID_FIELD_VALUE` for the field
   * `task.execution.isolation` or `task.execution.base`.
   */
  check?(task: Pick<WorkspaceTask, "working_dir" | "isolation" | "base" | "project">): Promise<void>;
  /**
   * Opens the task's workspace: the one that its record has, else a new one. `record` stores what is about to be made, and what
   * has been made, with the task. Throws `ApiError` if it cannot, and soon after `signal` aborts.
   */
  open(
    task: WorkspaceTask,
    record: (workspace: StoredWorkspace) => Promise<void>,
    signal: AbortSignal,
  ): Promise<OpenWorkspace>;
  /** The files that differ between two commits, at most `limit` and one more. Throws if git does not know them. */
  changedFiles?(common_dir: string, from: string, to: string, limit: number): Promise<string[]>;
  /** Saves what is in the workspace of a task that no agent works on. Never rejects. */
  save?(task: WorkspaceTask, signal?: AbortSignal): Promise<SavedWork>;
}
