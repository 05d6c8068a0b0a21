/** Whether the sandboxes can be made that agents are to run in. */
import type { AgentConfig } from "../../domain/agent_config.ts";
import { enforced } from "../../domain/sandbox.ts";
import { obstacleToSandbox } from "../../engine/sandbox_obstacle.ts";
import type { Sandboxes } from "../../host/sandbox/sandboxes.ts";
import { sandboxWords } from "../../protocol/sandbox_words.ts";
import type { HealthFinding } from "../../protocol/system_messages.ts";
import type { Finding } from "./finding.ts";

type Agents = Readonly<Record<string, AgentConfig>>;

/** For `doctor`: one finding for each agent that is to have a sandbox. */
export async function checkSandboxes(agents: Agents, sandboxes: Sandboxes): Promise<Finding[]> {
  const all = await judged(agents, sandboxes);
  return all.map(({ name, sandbox, obstacle }): Finding => ({
    what: `sandbox ${name}`,
    state: obstacle === undefined ? "ok" : "warn",
    found: obstacle === undefined ? sandboxWords(sandbox) : `its tasks would be refused. ${obstacle.message}`,
    details: { agent: name, ...obstacle?.details },
  }));
}

/** For the health report. Tasks of these agents are refused. */
export async function sandboxFindings(
  agents: Agents,
  sandboxes: Sandboxes | undefined,
): Promise<HealthFinding[]> {
  const all = await judged(agents, sandboxes);
  return all.flatMap(({ name, obstacle }) =>
    obstacle === undefined ? [] : [{
      code: "SANDBOX_UNAVAILABLE",
      severity: "critical",
      message: `Agent '${name}': ${obstacle.message}`,
    }]
  );
}

async function judged(agents: Agents, sandboxes: Sandboxes | undefined) {
  const wanted = Object.entries(agents).flatMap(([name, { sandbox }]) => {
    const one = enforced(sandbox);
    return one === undefined ? [] : [{ name, sandbox: one }];
  });
  return await Promise.all(wanted.map(async ({ name, sandbox }) => ({
    name,
    sandbox,
    obstacle: await obstacleToSandbox(sandboxes, name, sandbox),
  })));
}
