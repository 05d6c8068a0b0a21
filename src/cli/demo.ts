/** `serve --demo`: a small workflow of dependent tasks, so that a newcomer sees the whole system alive. */
import { isoTime } from "../clock/clock.ts";
import type { AgentConfig, Config } from "../protocol/config.ts";
import type { NewTask } from "../protocol/task.ts";

/** The configuration of a demo: the built-in agent does everything, in a folder of its own. */
export function demoConfig(config: Config, command: string[], working_dir: string): Config {
  const demo: AgentConfig = { protocol: "acp", command, env: {}, pass_env: [] };
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

/** The demo's tasks; ids carry the time, so that a demo on an old data folder runs again. */
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
