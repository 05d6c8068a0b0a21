/** Wires the sandboxes of what runs for tasks beside their agents: checks, and the setup and teardown of worktrees. */
import { isInside } from "../domain/path_inside.ts";
import { enforced, noSandboxes, type Sandbox } from "../domain/sandbox.ts";
import type { TaskRecord } from "../domain/task_record.ts";
import type { RunSettings } from "../engine/run_context.ts";
import { tenantOf } from "../domain/tenant_id.ts";
import { removeTree } from "../host/remove_tree.ts";
import type { GitWorkspace } from "../host/sandbox/git_places.ts";
import type { Sandboxes } from "../host/sandbox/sandboxes.ts";
import type { Store } from "../store/open.ts";
import type { GitHost } from "../workspaces/git.ts";
import type { Boxed } from "../workspaces/project_programs.ts";

export interface BoxedOptions {
  sandboxes: Sandboxes | undefined;
  settings: Pick<RunSettings, "agents" | "agentFor">;
  tasks: Pick<Store["tasks"], "get" | "values">;
  /** For the folders of their temporary files. */
  tmp_root: string;
}

export class BoxedPrograms {
  readonly #options: BoxedOptions;

  constructor(options: BoxedOptions) {
    this.#options = options;
    const { sandboxes, settings, tasks } = options;
    if (sandboxes === undefined || !Object.values(settings.agents).some(({ sandbox }) => enforced(sandbox))) {
      return;
    }
    sandboxes.foldersOfTasks = () =>
      [...tasks.values()].flatMap(({ state: { workspace } }) =>
        workspace?.kind === "folder" ? [workspace.path] : []
      );
    for (const task of tasks.values()) {
      const { workspace } = task.state;
      if (workspace && sandboxOf(task, settings)) sandboxes.note(workspace.root ?? workspace.path);
    }
  }

  readonly look: NonNullable<GitHost["look"]> = async (look, program) =>
    await this.#options.sandboxes?.look(look, program);

  readonly boxed: Boxed = async (task_id, folder, { program, args, env }) => {
    const { sandboxes, settings, tasks, tmp_root } = this.#options;
    const task = tasks.get(task_id);
    const found = task && sandboxOf(task, settings);
    if (found === undefined) return undefined;
    if (sandboxes === undefined) throw noSandboxes(found.agent_name);
    await Deno.mkdir(tmp_root, { recursive: true, mode: 0o700 });
    const tmp_dir = await Deno.makeTempDir({ dir: tmp_root, prefix: "run-program-" });
    const end = () => removeTree(tmp_dir);
    try {
      const box = await sandboxes.open({
        ...found,
        tenant: tenantOf(task_id),
        env: { ...env, TMPDIR: tmp_dir },
        working_dir: await Deno.realPath(folder),
        tmp_dir,
        workspace: workspaceAt(folder, task?.state.workspace),
      });
      return { run: await box.enter({ program, args, env: box.env }), end };
    } catch (error) {
      await end();
      throw error;
    }
  };
}

/** The sandbox of the last agent that had one: what it has written may be run. */
function sandboxOf(
  task: TaskRecord,
  { agents, agentFor }: BoxedOptions["settings"],
): { agent_name: string; sandbox: Sandbox } | undefined {
  const names = [agentFor(task), ...task.state.attempts.flatMap(({ agent }) => agent ?? [])];
  for (const agent_name of names.reverse()) {
    const sandbox = enforced(agents[agent_name]?.sandbox);
    if (sandbox !== undefined) return { agent_name, sandbox };
  }
  return undefined;
}

/** Elsewhere than in the task's worktree, such as in a checkout of what is to be accepted, nothing of git may be changed. */
function workspaceAt(folder: string, workspace: GitWorkspace | undefined): GitWorkspace | undefined {
  if (workspace?.root === undefined || isInside(workspace.root, folder)) return workspace;
  return workspace.kind === "worktree"
    ? { ...workspace, root: undefined, git_dir: undefined }
    : { kind: "folder" };
}
