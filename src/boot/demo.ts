/** `serve --demo`: a small workflow of dependent tasks, so that newcomers see the whole system at work. */
import { isoTime } from "../clock/clock.ts";
import { ownCommand } from "../cli/own_command.ts";
import type { Config } from "../protocol/config.ts";
import type { AgentConfig } from "../domain/agent_config.ts";
import { type Client, connect } from "../client/client.ts";
import type { Push } from "../protocol/pushes.ts";
import type { NewTask } from "../domain/task.ts";
import { isFinished } from "../domain/task_values.ts";

/** How the built-in agent is started. */
export type DemoAgent = Pick<AgentConfig, "command" | "pass_env">;

/** The configuration of a demo: the built-in agent runs all tasks, in its own folder. */
export function demoConfig(config: Config, agent: DemoAgent, working_dir: string): Config {
  const demo: AgentConfig = { protocol: "acp", env: {}, ...agent };
  return {
    ...config,
    agents: { ...config.agents, demo },
    tasks: {
      ...config.tasks,
      default_agent: "demo",
      agent_by_type: {},
      working_dir,
      allowed_dirs: [working_dir],
    },
  };
}

/** The demo's tasks. Their ids contain the time, so that a demo on an old data folder runs again. */
export function demoTasks(now_ms: number): NewTask[] {
  const stamp = isoTime(now_ms).slice(0, 19).replace(/\D/g, "");
  const task = (
    name: string,
    fields: Partial<NewTask> & { description: string },
    prompt: string,
  ): NewTask => ({
    id: `demo_${name}_${stamp}`,
    type: "feature",
    priority: "medium",
    ...fields,
    dependencies: fields.dependencies?.map((other) => `demo_${other}_${stamp}`),
    execution: { agent: "demo", prompt: `${fields.description}\n${prompt}`, permissions: "allow" },
  });
  return [
    task("research", {
      type: "research",
      priority: "high",
      description: "Read the project and note what to build",
    }, "demo:steps=3 demo:delay=400"),
    task(
      "feature",
      { description: "Write the feature", dependencies: ["research"] },
      "demo:steps=5 demo:delay=500",
    ),
    task("docs", {
      type: "documentation",
      priority: "low",
      description: "Write its documentation",
      dependencies: ["research"],
    }, "demo:steps=4 demo:delay=400"),
    task(
      "tests",
      { type: "testing", description: "Test the feature", dependencies: ["feature"] },
      "demo:steps=4 demo:delay=300",
    ),
    task("release", {
      type: "deployment",
      priority: "critical",
      description: "Release it",
      dependencies: ["tests", "docs"],
    }, "demo:steps=2 demo:delay=300"),
  ];
}

/**
 * Starts the demo's tasks as any client would, and reports their progress until all have ended, or until `signal`
 * aborts because the server stops.
 */
export async function playDemo(
  { url, api_key }: { url: string; api_key: string },
  now_ms: number,
  signal: AbortSignal,
  print: (line: string) => void,
): Promise<void> {
  const client = await connect(url, { api_key });
  const leave = () => client.close();
  signal.addEventListener("abort", leave);
  try {
    await play(client, url, demoTasks(now_ms), print);
  } catch (error) {
    // A demo that was stopped has not failed.
    if (!signal.aborted) throw error;
  } finally {
    signal.removeEventListener("abort", leave);
    client.close();
  }
}

async function play(
  client: Client,
  url: string,
  tasks: NewTask[],
  print: (line: string) => void,
): Promise<void> {
  const pushes = await client.subscribe(["task_status", "task_progress"]);
  print(
    `Demo: ${tasks.length} tasks that depend on each other, done by a built-in agent in a temporary folder.`,
  );
  for (const task of tasks) await client.request("start_task", { task });
  const open = new Set(tasks.map((task) => task.id));
  for await (const push of pushes) {
    const line = lineOf(push);
    if (line !== undefined) print(line);
    if (push.type === "task_status_update" && isFinished(push.new_status)) open.delete(push.task_id);
    if (open.size > 0) continue;
    return print(
      `Demo: done. The server goes on; try: ${
        ownCommand("tasks", { url })
      }, or logs, top, run "demo:steps=3" --follow`,
    );
  }
}

const BAR_WIDTH = 16;
const NAME_WIDTH = 30;

function lineOf(push: Push | { type: "resubscribed" }): string | undefined {
  if (push.type === "task_status_update") {
    return `${push.task_id.padEnd(NAME_WIDTH)} ${push.new_status}${
      push.error === undefined ? "" : `: ${push.error}`
    }`;
  }
  if (push.type !== "task_progress_update" || push.new_progress === push.old_progress) return undefined;
  const filled = Math.round((push.new_progress / 100) * BAR_WIDTH);
  const bar = "█".repeat(filled) + "·".repeat(BAR_WIDTH - filled);
  return `${push.task_id.padEnd(NAME_WIDTH)} ${bar} ${String(push.new_progress).padStart(3)} %  ${
    push.progress_details?.current_step ?? ""
  }`;
}
