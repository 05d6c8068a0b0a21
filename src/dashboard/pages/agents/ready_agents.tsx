/** The agents that tasks may name: whether each is ready, what it offers, and a way to find out. */
import { useEffect } from "preact/hooks";
import type { ListedAgent } from "../../../protocol/basic_messages.ts";
import { agents } from "../../data/machine.ts";
import { report } from "../../data/report.ts";
import { knownAgents, loadAgents } from "../../data/known_agents.ts";
import { isUsed } from "../../ui/readiness.ts";
import { ReadyAgent } from "./ready_agent.tsx";
import "./ready_agents.css";

export function ReadyAgents() {
  const known = knownAgents.value;
  // When an agent has started or ended, more is known of it.
  const about = agents.value.map(({ id, status }) => `${id} ${status}`).join();
  useEffect(() => void loadAgents().catch(report), [about]);
  if (known.length === 0) return null;
  const shown = known.filter((agent) => agent.installed || isUsed(agent));
  const others = known.filter((agent) => !shown.includes(agent));
  return (
    <section aria-labelledby="agents-known">
      <h2 id="agents-known">
        Agents <span class="muted figure">{shown.length}</span>
      </h2>
      {shown.length > 0 && <List agents={shown} />}
      {others.length > 0 && (
        // Whoever has an agent looks for no other one.
        <details class="other-agents" open={!known.some(({ installed }) => installed)}>
          <summary>
            Not installed <span class="muted figure">{others.length}</span>
          </summary>
          <List agents={others} />
        </details>
      )}
    </section>
  );
}

function List({ agents }: { agents: readonly ListedAgent[] }) {
  return (
    <ul class="card ready-agents">
      {agents.map((agent) => <ReadyAgent key={agent.name} agent={agent} />)}
    </ul>
  );
}
