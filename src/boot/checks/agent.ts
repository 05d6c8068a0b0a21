/** Whether an agent's program is there, and which version. */
import { type Clock, within } from "../../clock/clock.ts";
import type { Config } from "../../protocol/config.ts";
import type { AgentConfig } from "../../domain/agent_config.ts";
import type { Finding } from "./finding.ts";
import { findProgram } from "../../host/processes/find_program.ts";

/** OpenCode takes more than four seconds for it on a busy machine. */
const VERSION_MS = 20_000;

const INSTALL: Record<string, string> = {
  opencode: "Install it with `npm install -g opencode-ai`, then `opencode auth login`.",
  "claude-agent-acp": "Install it with `npm install -g @agentclientprotocol/claude-agent-acp`.",
  "codex-acp": "Install it with `npm install -g @agentclientprotocol/codex-acp`.",
  gemini: "Install it with `npm install -g @google/gemini-cli`.",
};

export async function checkAgent(
  clock: Clock,
  name: string,
  agent: AgentConfig,
  { tasks }: Config,
): Promise<Finding> {
  const what = `agent ${name}`;
  const [program] = agent.command as [string];
  const used = name === tasks.default_agent || Object.values(tasks.agent_by_type).includes(name);
  const details = { agent: name, command: agent.command, default: name === tasks.default_agent };
  const path = await findProgram(program);
  if (path === undefined) {
    return {
      what,
      state: "warn",
      found: `'${program}' is not on PATH${used ? "; tasks are meant to run with it" : ""}`,
      advice: INSTALL[program] ?? "Install it, or name its full path in the agent's command.",
      details: { ...details, path: null, version: null },
    };
  }
  // Only of programs known to be agents: any other might do its work when it is started.
  const version = agent.protocol === "acp" ? await versionOf(clock, path) : undefined;
  return {
    what,
    state: "ok",
    found: [version, path].filter(Boolean).join("  "),
    details: { ...details, path, version: version ?? null },
  };
}

/** What `--version` prints, if it prints one in time. */
async function versionOf(clock: Clock, path: string): Promise<string | undefined> {
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command(path, { args: ["--version"], stdin: "null", stdout: "piped", stderr: "null" })
      .spawn();
  } catch {
    // Not to be run by us; its path is told all the same.
    return undefined;
  }
  const output = await within(clock, VERSION_MS, child.output(), undefined);
  if (output === undefined) {
    child.kill("SIGKILL");
    return undefined;
  }
  return /\d+\.\d+[\w.+-]*/.exec(new TextDecoder().decode(output.stdout.subarray(0, 4096)))?.[0];
}
