/** A project of the configuration: a folder, usually a repository, with settings for the tasks that work in it. */
import * as z from "zod";
import { Argv } from "./argv.ts";
import { CHECK_ROUNDS, CheckRounds, Checks } from "./check.ts";
import { given } from "./given_fields.ts";
import { addedUp, McpServers } from "./mcp_server.ts";
import { PermissionRules } from "./permission_rule.ts";
import { isGlob, text } from "./scalars.ts";
import { type Execution, Isolation, PermissionPolicy } from "./task.ts";

export const ProjectName = z.string().regex(/^[a-zA-Z0-9_-]{1,40}$/, {
  error: "1 to 40 letters, digits, '_' or '-'",
});

const programs = z.array(Argv).max(50);

/** Whether a part of the pattern, or of one of its alternatives, leads upwards. */
function leadsOut(pattern: string): boolean {
  return /^[/~]/.test(pattern) || pattern.split(/[/\\{},()|]/).includes("..");
}

const IgnoredFiles = text(1, 500)
  .refine(isGlob, { error: "a valid glob pattern" })
  .refine((pattern) => !leadsOut(pattern), { error: "a pattern inside the repository, without '..'" });

export const Project = z.strictObject({
  path: text(1, 4096).describe(
    "Its folder, in which tasks may then work. Several projects may name one inside another: a task belongs to the innermost.",
  ),
  base_branch: text(1, 250).optional().describe(
    "The branch from which worktrees start and into which changes are accepted. Default: the one that is checked out.",
  ),
  fetch: z.enum(["auto", "never"]).default("auto").describe(
    "Whether the base branch is brought up to date from its remote before a worktree is made.",
  ),
  agent: text(1, 100).optional().describe("The agent for tasks that name none."),
  model: text(1, 200).optional().describe("The model for tasks that name neither a model nor another agent."),
  effort: text(1, 200).optional().describe("The effort for tasks that name neither one nor another agent."),
  mode: text(1, 200).optional().describe(
    "The session mode for tasks that name neither one nor another agent.",
  ),
  isolation: Isolation.optional().describe(
    "worktree: each task works in a git worktree of its own, unless it says otherwise.",
  ),
  permissions: PermissionPolicy.optional().describe(
    "How permission requests are answered for tasks that do not say. Default: tasks.permissions.",
  ),
  permission_rules: PermissionRules.optional().describe(
    "Rules that answer permission requests, after those of the task and before tasks.permission_rules.",
  ),
  env: z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), text(0, 32_768)).optional().describe(
    "Variables set for the agents of its tasks, over those of the agent and under those of the task.",
  ),
  mcp_servers: McpServers.optional().describe(
    "Servers of the Model Context Protocol for its tasks, added to those of the agent. Those of the task are added to them.",
  ),
  max_concurrent: z.int().min(1).max(1000).optional().describe("How many of its tasks run at once."),
  setup: programs.optional().describe(
    'Programs that run in each new worktree, such as [["npm", "ci"]]. No shell. If one fails, the task fails.',
  ),
  setup_timeout_ms: z.int().min(1000).max(86_400_000).default(600_000).describe(
    "How long setup may take in all.",
  ),
  teardown: programs.optional().describe(
    "Programs that run in a worktree before it is removed, best effort.",
  ),
  copy: z.array(IgnoredFiles).max(100).optional().describe(
    'Ignored files that are copied into each new worktree, such as [".env", "config/*.local"].',
  ),
  checks: Checks.optional().describe(
    'Programs that check the work of a task that would be completed, such as [["npm", "test"]], or names of `checks`. No ' +
      "shell. Tasks may name others.",
  ),
  check_rounds: CheckRounds.optional().describe(
    `How often a task's failed checks go back to its agent, before the task fails. Default: ${CHECK_ROUNDS}.`,
  ),
  accept: z.enum(["squash", "merge", "rebase"]).optional().describe(
    "How changes are accepted, unless the request says otherwise. Default: squash.",
  ),
  forge: z.enum(["github", "gitlab", "none"]).optional().describe(
    "Where pull requests are opened. Default: by the remote's host.",
  ),
  pull_request: z.strictObject({
    draft: z.boolean().optional().describe("Whether new pull requests are drafts."),
    feedback: z.enum(["off", "ask", "send"]).default("off").describe(
      "What happens with failed checks and comments of reviewers. ask: a person decides. send: they go to the agent.",
    ),
    rounds: z.int().min(0).max(100).default(3).describe("How often feedback goes to the agent."),
  }).optional(),
  budget_usd_per_day: z.number().positive().optional().describe(
    "What its tasks may cost in a day of `tasks.timezone`. Then they wait until midnight.",
  ),
});
export type Project = z.infer<typeof Project>;

export type NamedProject = Project & { readonly name: string };

/**
 * What a task says about its execution, with its project's values where it says nothing. `usual_agent`: the agent of tasks
 * of this project and type that name none. What the project chooses of an agent's offer is left out for another agent.
 */
export function executionIn(project: Project, own: Execution, usual_agent: string): Execution {
  const { agent = usual_agent, session } = own;
  const { model, effort, mode } = agent === usual_agent ? project : {} as Partial<Project>;
  return given({
    ...own,
    agent,
    model: own.model ?? model,
    effort: own.effort ?? effort,
    mode: own.mode ?? mode,
    // A session goes on in its own folder.
    isolation: own.isolation ?? (session === undefined ? project.isolation : undefined),
    permissions: own.permissions ?? project.permissions,
    permission_rules: project.permission_rules
      ? [...own.permission_rules ?? [], ...project.permission_rules]
      : own.permission_rules,
    checks: own.checks ?? project.checks,
    check_rounds: own.check_rounds ?? project.check_rounds,
    env: project.env && { ...project.env, ...own.env } || own.env,
    mcp_servers: project.mcp_servers ? addedUp(project.mcp_servers, own.mcp_servers) : own.mcp_servers,
  });
}
