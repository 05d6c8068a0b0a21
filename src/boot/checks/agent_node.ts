/** Whether the Node that runs an agent is new enough for it. */
import type { AgentMake } from "../../agents/makes/agent_make.ts";
import type { Clock } from "../../clock/clock.ts";
import { ApiError } from "../../domain/errors.ts";
import { findProgram } from "../../host/processes/find_program.ts";
import { runBriefly } from "../../host/processes/brief_program.ts";

export interface FoundNode {
  version: string;
  /** Why that is too old, and what to do; undefined if it is not. */
  advice: string | undefined;
}

/** The Node on `search`, the agent's PATH. Undefined if the agent needs none in particular, or none is found. */
export async function findNode(
  clock: Clock,
  { node: oldest, install, display_name }: Pick<AgentMake, "node" | "install" | "display_name">,
  search: string,
): Promise<FoundNode | undefined> {
  const program = oldest === undefined ? undefined : await findProgram("node", search);
  if (oldest === undefined || program === undefined) return undefined;
  try {
    const { stdout } = await runBriefly(clock, program, ["--version"], undefined, { PATH: search });
    const [, version, major] = /^v((\d+)[\d.]*)/.exec(stdout) ?? [];
    if (version === undefined) return undefined;
    const advice =
      `The present ${display_name} needs Node ${oldest}. With an older Node, npm installs an old version of ` +
      `it and does not say so: install Node ${oldest} or later, then \`${install.command}\` again.`;
    return { version, advice: Number(major) < oldest ? advice : undefined };
  } catch (error) {
    // It may not be run. The program's own check says what is missing.
    if (error instanceof ApiError) return undefined;
    throw error;
  }
}
