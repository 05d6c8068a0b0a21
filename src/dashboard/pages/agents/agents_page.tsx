/** The agents at work, those that tasks may name, and the machine's processes with their usage and a way to end one. */
import { Bot } from "lucide-preact";
import { Link } from "wouter-preact";
import "./agents.css";
import { agents } from "../../data/machine.ts";
import { AgentCard } from "./agent_card.tsx";
import { Processes } from "./processes.tsx";
import { ReadyAgents } from "./ready_agents.tsx";
import { NoAgent } from "../../ui/no_agent.tsx";
import { Page } from "../../ui/page.tsx";

export function AgentsPage() {
  const atWork = [...agents.value].sort((a, b) => a.start_time.localeCompare(b.start_time));
  return (
    <Page class="agents-page">
      <NoAgent />
      <section aria-labelledby="at-work">
        <h2 id="at-work">
          At work <span class="muted figure">{atWork.length}</span>
        </h2>
        {atWork.length === 0
          ? (
            <div class="card empty">
              <Bot size={28} aria-hidden="true" />
              <strong>No agent is at work</strong>
              <p>An agent appears here as soon as a task runs.</p>
              <Link class="button" href="/new">New task</Link>
            </div>
          )
          : (
            <div class="agent-cards">
              {atWork.map((agent) => <AgentCard key={agent.id} agent={agent} />)}
            </div>
          )}
      </section>
      <ReadyAgents />
      <Processes />
    </Page>
  );
}
