/** One agent that tasks may name. */
import { useState } from "preact/hooks";
import type { ListedAgent } from "../../../protocol/basic_messages.ts";
import { counted } from "../../../protocol/formats.ts";
import { sandboxWords } from "../../../protocol/sandbox_words.ts";
import { Ago } from "../../ui/time.tsx";
import { checkAgent } from "../../data/known_agents.ts";
import { HeldAgent } from "./held_agent.tsx";
import { AgentIcon } from "./agent_icon.tsx";
import { readinessOf } from "../../ui/readiness.ts";
import { WithCode } from "../../ui/with_code.tsx";

export function ReadyAgent({ agent }: { agent: ListedAgent }) {
  const { name, program, version, model, models, is_default, last_success, last_failure, todo, protocol } =
    agent;
  const [isChecking, setChecking] = useState(false);
  const [problem, setProblem] = useState<string>();
  const check = async () => {
    setChecking(true);
    setProblem(undefined);
    try {
      setProblem(await checkAgent(name));
    } catch (error) {
      setProblem((error as Error).message);
    } finally {
      setChecking(false);
    }
  };
  const { words, color } = readinessOf(agent);
  const facts = [
    version,
    model && `by default ${model}`,
    models && counted(models.length, "model"),
  ].filter((fact) => fact !== undefined);
  return (
    <li class="ready-agent" aria-label={`Agent ${name}`}>
      <div class="ready-agent-row">
        <AgentIcon agent={agent.make} />
        <strong>{name}</strong>
        {is_default && <span class="muted">default</span>}
        {agent.sandbox && (
          <span class="badge" title={`Sandbox: ${sandboxWords(agent.sandbox)}`}>
            sandbox
          </span>
        )}
        <span class={`badge status-${color}`}>{isChecking ? "Checking" : words}</span>
        <span class="muted clip">{facts.length > 0 ? facts.join(" · ") : program}</span>
        <span class="muted ready-agent-times">
          {last_success && (
            <>
              went well <Ago iso={last_success} />
            </>
          )}
          {last_success && last_failure && " · "}
          {last_failure && (
            <>
              failed <Ago iso={last_failure} />
            </>
          )}
        </span>
        {protocol === "acp" && (
          <button
            type="button"
            disabled={isChecking}
            aria-label={`Check ${name}`}
            title="Starts the agent and asks what it offers. No model is used."
            onClick={() => void check()}
          >
            Check
          </button>
        )}
      </div>
      <HeldAgent agent={agent} />
      {todo && (
        <p class="ready-agent-todo">
          <b>What to do:</b> <WithCode text={todo} />
        </p>
      )}
      {problem && !todo && <p class="ready-agent-todo" role="alert">{problem}</p>}
      <Offer agent={agent} />
    </li>
  );
}

/** What it offers, folded away. */
function Offer({ agent: { models, modes, commands, accepts, mcp, found_at } }: { agent: ListedAgent }) {
  if (models === undefined && modes === undefined && commands === undefined) return null;
  const facts: [string, string][] = [
    [
      "Models",
      (models ?? []).map(({ id, efforts }) => efforts ? `${id} (${efforts.join(", ")})` : id).join(", "),
    ],
    ["Modes", (modes ?? []).map(({ id }) => id).join(", ")],
    ["Commands", (commands ?? []).map((command) => `/${command.name}`).join(" ")],
    ["Takes", accepts.join(", ")],
    ["MCP over", (mcp ?? []).join(", ")],
  ];
  return (
    <details>
      <summary>
        What it offers {found_at && (
          <span class="muted">
            as of <Ago iso={found_at} />
          </span>
        )}
      </summary>
      <dl class="ready-agent-offer">
        {facts.filter(([, value]) => value !== "").map(([what, value]) => (
          <div key={what}>
            <dt class="muted">{what}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
