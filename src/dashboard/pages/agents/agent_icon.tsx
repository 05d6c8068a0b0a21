/** The icon of an agent's make; nothing for a process that is not an agent. */
import { knownMakes } from "../../data/known_agents.ts";

export function AgentIcon({ agent }: { agent: string | undefined }) {
  const make = knownMakes.value.find(({ name }) => name === agent);
  return make && (
    <svg
      width="14"
      height="14"
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      stroke-width="2"
      aria-hidden="true"
    >
      <path d={make.icon} />
    </svg>
  );
}
