/** How long a look at what an agent offers may take. */

/** `probe_agent` is answered within this time. */
export const PROBE_ANSWER_MS = 120_000;
