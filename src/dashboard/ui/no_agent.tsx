/** What a newcomer reads whose machine has no agent yet. */
import { Link } from "wouter-preact";
import { knownAgents, useKnownAgents } from "../data/known_agents.ts";

/** Shows nothing as long as any agent is installed, or none is known. */
export function NoAgent({ hasLink }: { hasLink?: boolean }) {
  useKnownAgents();
  const agents = knownAgents.value;
  if (agents.length === 0 || agents.some(({ installed }) => installed)) return null;
  return (
    <p class="notice notice-warning no-agent">
      No agent is installed on the server's machine, so tasks would fail. {hasLink
        ? <Link href="/agents">See how to install one</Link>
        : "Install one of those below, then check it."}
    </p>
  );
}
