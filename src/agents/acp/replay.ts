/** What a loaded session replays of its history: how much there is, its last plan, and what it was told. */
import type { PlanStep } from "../../domain/task.ts";
import type { AgentMake, WireObject } from "../makes/agent_make.ts";
import { objectOf, textOf } from "./wire_value.ts";

const HISTORY = /^(user_message|agent_message|agent_thought|tool_call|plan)/;

/** The most characters of its messages that are kept, the last ones. */
const MOST_TOLD = 4 << 20;

export class Replay {
  readonly #make: AgentMake;
  #count = 0;
  #steps: PlanStep[] | undefined;
  /** What it was told, the pieces as they came, the oldest first. */
  #told: string[] = [];
  #told_characters = 0;

  constructor(make: AgentMake) {
    this.#make = make;
  }

  /** How many updates there were. */
  get count(): number {
    return this.#count;
  }

  /** The last plan; undefined for none. */
  get steps(): PlanStep[] | undefined {
    return this.#steps;
  }

  take(update: WireObject): void {
    this.#steps = this.#make.planOf(update) ?? this.#steps;
    const kind = String(update.sessionUpdate);
    if (HISTORY.test(kind)) this.#count++;
    if (kind !== "user_message_chunk") return;
    this.#told.push(spaced(textOf(objectOf(update.content)?.text) ?? ""));
    this.#told_characters += this.#told.at(-1)!.length;
    while (this.#told_characters > MOST_TOLD) this.#told_characters -= this.#told.shift()!.length;
  }

  /** How often the agent was told this text. Agents may put more around it, or send it in pieces. */
  timesTold(text: string): number {
    const sought = spaced(text);
    return sought === "" ? 0 : spaced(this.#told.join(" ")).split(sought).length - 1;
  }

  forget(): void {
    this.#count = 0;
    this.#steps = undefined;
    this.#told = [];
    this.#told_characters = 0;
  }
}

/** Agents change spaces and line ends of what they keep. */
function spaced(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}
