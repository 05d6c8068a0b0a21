/** The agents that tasks may name: whether each is ready, what it offers, and a way to find out. */
import { useEffect } from "preact/hooks";
import { agents } from "../../data/machine.ts";
import { report } from "../../data/report.ts";
import { knownAgents, loadAgents } from "../new_task/known_agents.ts";
import { ReadyAgent } from "./ready_agent.tsx";
import "./ready_agents.css";

export function ReadyAgents() {
  const known = knownAgents.value;
  // When an agent has started or ended, more is known of it.
  const about = agents.value.map(({ id, status }) => `${id} ${status}`).join();
  useEffect(() => void loadAgents().catch(report), [about]);
  if (known.length === 0) return null;
  return (
    <section aria-labelledby="agents-known">
      <h2 id="agents-known">
        Agents <span class="muted figure">{known.length}</span>
      </h2>
      <ul class="card ready-agents">
        {known.map((agent) => <ReadyAgent key={agent.name} agent={agent} />)}
      </ul>
    </section>
  );
}
