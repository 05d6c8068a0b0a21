/** A scenario of the matrix: something that users expect, played with each real agent. */
import type { World } from "./world.ts";

export interface Scenario {
  name: string;
  /** What is played, as a row of the table in docs/agents.md. */
  title: string;
  /**
   * Plays it, and answers in a word or two what the agent does: `yes`, or what happens instead. Throws if the server does
   * not do its part. `id`: an id for its task that no other scenario uses.
   */
  play(world: World, id: string): Promise<string>;
}
