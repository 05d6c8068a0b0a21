/** What a loaded session replays of its history: how much there is, its last plan, and what it was told. */
import type { PlanStep } from "../../domain/task.ts";
import type { AgentMake, WireObject } from "../makes/agent_make.ts";
import { objectOf, textOf } from "./wire_value.ts";

const HISTORY = /^(user_message|agent_message|agent_thought|tool_call|plan)/;

/** The most characters of what it was told that are kept, of the end. */
const MOST_TOLD = 4 << 20;
/** A text of this length is recognized inside of a longer one. A short one could be a part of it by chance. */
const UNMISTAKABLE = 40;

export class Replay {
  readonly #make: AgentMake;
  #count = 0;
  #steps: PlanStep[] | undefined;
  /** What it was told, the oldest first: each message, whether it came at once or in pieces. */
  #told: { id: string | undefined; pieces: string[] }[] = [];
  #told_characters = 0;
  #isTelling = false;

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
    if (!HISTORY.test(kind)) return;
    this.#count++;
    const wasTelling = this.#isTelling;
    this.#isTelling = kind === "user_message_chunk";
    if (this.#isTelling) this.#tell(update, wasTelling);
  }

  /** How often the agent was told this text, alone or with other blocks. Agents may put more around a long one. */
  timesTold(text: string): number {
    const sought = spaced(text);
    if (sought === "") return 0;
    return this.#told.filter(({ pieces }) => {
      if (pieces.some((piece) => spaced(piece) === sought)) return true;
      const whole = spaced(pieces.join(""));
      return whole === sought || sought.length >= UNMISTAKABLE && whole.includes(sought);
    }).length;
  }

  forget(): void {
    this.#count = 0;
    this.#steps = undefined;
    this.#told = [];
    this.#told_characters = 0;
    this.#isTelling = false;
  }

  #tell(update: WireObject, goesOn: boolean): void {
    const piece = textOf(objectOf(update.content)?.text) ?? "";
    const id = textOf(update.messageId);
    const last = this.#told.at(-1);
    if (last !== undefined && goesOn && last.id === id) last.pieces.push(piece);
    else this.#told.push({ id, pieces: [piece] });
    this.#told_characters += piece.length;
    while (this.#told_characters > MOST_TOLD && this.#told.length > 1) {
      for (const { length } of this.#told.shift()!.pieces) this.#told_characters -= length;
    }
  }
}

/** Agents change spaces and line ends of what they keep. */
function spaced(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}
