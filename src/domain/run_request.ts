/** What an agent gets when its run starts, and in each turn after the first. */
import type { AgentAccess } from "./agent_access.ts";
import type { AgentConfig } from "./agent_config.ts";
import type { Attachment } from "./attachment.ts";
import type { Cost } from "./cost.ts";
import type { McpServer, OwnTools } from "./mcp_server.ts";
import type { LateAnswer } from "./parked.ts";
import type { PermissionDecision } from "./permission_request.ts";
import type { AskedCall } from "./remembered.ts";
import type { PermissionRule } from "./permission_rule.ts";
import type { PermissionPolicy, PlanStep, TimeoutAction } from "./task.ts";
import type { Review, StoredWorkspace } from "./workspace.ts";

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
  /** The task's workspace, as far as it is known. */
  workspace?: StoredWorkspace;
  /** Extra variables of this task (`execution.env`). */
  env: Record<string, string>;
  /** What the task, else its agent's configuration, chooses of what the agent offers. */
  model?: string;
  effort?: string;
  mode?: string;
  /** What the agent is held to. Where there are rules, they and their own policy decide. */
  permissions: PermissionPolicy;
  rules?: RunRules;
  /** Where relative globs of rules start: absolute, symlinks resolved. Absent: the working folder. */
  root?: string;
  /** What a person has answered to the same call before, if that is remembered. */
  recall?: (asked: AskedCall) => PermissionDecision | undefined;
  /** Answers to what an earlier attempt asked, which its agent has not had. The same, asked again, gets them. */
  late_answers?: readonly LateAnswer[];
  /** What becomes of a permission request that nobody answers. Default: it is denied. */
  permission_timeout_action?: TimeoutAction;
  /** Whether the task itself names that policy. */
  namesPermissions?: boolean;
  /** A permission request that nobody answers is denied after this time, and a question is cancelled. */
  permission_timeout_ms: number;
  /** How long to wait for what a turn leaves at work. */
  wait_for_background_ms?: number;
  /** How long the agent may be silent while it loads an earlier session. */
  session_timeout_ms?: number;
  /** How long the checks of a turn may take. The agent waits for them between its turns. */
  checks_ms?: number;
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

/** What answers permission requests of a run before a person is asked. */
export interface RunRules {
  /** The first that matches decides. */
  list: readonly PermissionRule[];
  /** What decides if none matches. */
  otherwise: PermissionPolicy;
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
