/** `serve --demo`: a small workflow of dependent tasks, so that newcomers see the whole system at work. */
import { isoTime } from "../clock/clock.ts";
import { ownCommand } from "../cli/own_command.ts";
import type { Config } from "../protocol/config.ts";
import type { AgentConfig } from "../domain/agent_config.ts";
import { type Client, connect } from "../client/client.ts";
import type { Push } from "../protocol/pushes.ts";
import { Project } from "../domain/project.ts";
import type { NewTask } from "../domain/task.ts";
import { isFinished } from "../domain/task_values.ts";

/** How the built-in agent is started. */
export type DemoAgent = Pick<AgentConfig, "command" | "pass_env">;

/** The project of the demo's repository. */
const PROJECT = "shop";

/** Where a demo works. */
export interface DemoPlaces {
  working_dir: string;
  /** A git repository inside; undefined where there is no git. */
  repository: string | undefined;
}

/** The configuration of a demo: the built-in agent runs all tasks, in its own folder. */
export function demoConfig(
  config: Config,
  agent: DemoAgent,
  { working_dir, repository }: DemoPlaces,
): Config {
  const demo: AgentConfig = { protocol: "acp", env: {}, ...agent };
  return {
    ...config,
    projects: repository === undefined
      ? {}
      : { [PROJECT]: Project.parse({ path: repository, isolation: "worktree", fetch: "never" }) },
    agents: { ...config.agents, demo },
    tasks: {
      ...config.tasks,
      default_agent: "demo",
      agent_by_type: {},
      working_dir,
      allowed_dirs: [working_dir],
      exclusive_folders: config.tasks.exclusive_folders ?? false,
    },
  };
}

/** What a task of the demo writes, as its prompt shows it. */
const file = (name: string, ...lines: string[]) => ["```" + name, ...lines, "```", ""].join("\n");

const FEATURE = file(
  "lib/discount.js",
  'import { total } from "./cart.js";',
  "",
  "/** The total after a discount, in cents. */",
  "export function discounted(prices, percent) {",
  "  return Math.round(total(prices) * (100 - percent) / 100);",
  "}",
);

const TESTS = file(
  "test/discount.test.js",
  'import assert from "node:assert/strict";',
  'import { test } from "node:test";',
  'import { discounted } from "../lib/discount.js";',
  "",
  'test("ten percent of three prices", () => {',
  "  assert.equal(discounted([1000, 250, 50], 10), 1170);",
  "});",
);

const DOCS = file(
  "README.md",
  "# Shop",
  "",
  "A cart that adds up prices.",
  "",
  "`discounted(prices, percent)` is the total after a discount, rounded once.",
);

const RELEASE = file("CHANGELOG.md", "# Changelog", "", "## 1.1.0", "", "- Discounts") +
  file("package.json", '{ "name": "shop", "version": "1.1.0", "type": "module" }');

/**
 * The demo's tasks. Their ids contain the time, so that a demo on an old data folder runs again. Without a repository they
 * work in the server's folder.
 */
export function demoTasks(now_ms: number, hasRepository = false): NewTask[] {
  const stamp = isoTime(now_ms).slice(0, 19).replace(/\D/g, "");
  const task = (
    name: string,
    fields: Partial<NewTask> & { description: string },
    prompt: string,
    isolation?: "none",
  ): NewTask => ({
    id: `demo_${name}_${stamp}`,
    type: "feature",
    priority: "medium",
    ...fields,
    dependencies: fields.dependencies?.map((other) => `demo_${other}_${stamp}`),
    metadata: hasRepository && isolation === undefined ? { project: PROJECT } : undefined,
    execution: { agent: "demo", prompt: `${fields.description}\n\n${prompt}`, permissions: "allow" },
  });
  return [
    task(
      "research",
      {
        type: "research",
        priority: "high",
        description: "Read the project and note what to build",
      },
      "demo:steps=3 demo:delay=400 demo:file=notes.md",
      "none",
    ),
    task(
      "feature",
      { description: "Write a discount for the cart", dependencies: ["research"] },
      `${FEATURE}demo:delay=800`,
    ),
    task("docs", {
      type: "documentation",
      priority: "low",
      description: "Describe the discount in the README",
      dependencies: ["research"],
    }, `${DOCS}demo:delay=500`),
    task(
      "tests",
      { type: "testing", description: "Test the discount", dependencies: ["feature"] },
      `${TESTS}demo:delay=400`,
    ),
    task("release", {
      type: "deployment",
      priority: "critical",
      description: "Release it",
      dependencies: ["tests", "docs"],
    }, `${RELEASE}demo:delay=300`),
  ];
}

/**
 * Starts the demo's tasks as any client would, and reports their progress until all have ended, or until `signal`
 * aborts because the server stops.
 */
export async function playDemo(
  { url, api_key, hasRepository }: { url: string; api_key: string; hasRepository: boolean },
  now_ms: number,
  signal: AbortSignal,
  print: (line: string) => void,
): Promise<void> {
  const client = await connect(url, { api_key });
  const leave = () => client.close();
  signal.addEventListener("abort", leave);
  try {
    await play(client, url, demoTasks(now_ms, hasRepository), print);
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
    const steps = await stepsAfter(client, tasks, url);
    print(`Demo: done. The server goes on, and you go on at ${url}/, or with:`);
    return steps.forEach((step) => print(`  ${step}`));
  }
}

/** What a person can do when the demo's tasks have ended, as commands. */
async function stepsAfter(client: Client, tasks: NewTask[], url: string): Promise<string[]> {
  const { tasks: waiting } = await client.request("list_tasks", { filter: { review: "to_review" } });
  const first = tasks.find(({ id }) => waiting.some((task) => task.id === id))?.id;
  const words = first === undefined
    ? ["tasks", "top", 'run "demo:steps=3" --follow']
    : ["tasks", `diff ${first}`, `say ${first} "Round down" --follow`, `accept ${first}`];
  return words.map((words) => ownCommand(words, { url }));
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
