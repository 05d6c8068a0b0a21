/** How long an agent may take for each part of a run. */
import type { SessionBounds } from "./agent_call.ts";

export interface AcpBounds extends SessionBounds {
  /** How long a canceled turn may take to answer before its process is ended. */
  cancel_ms: number;
  /** After this long without a sign of life from the agent, a warning is logged. It is shown after a quarter of it. */
  silence_ms: number;
  /** So long after its last sign of work an agent is done whose turn has ended. */
  quiet_ms: number;
  /** How long a turn that is interrupted may take to end, before the agent is ended. */
  interrupt_ms: number;
  /** It is asked again so often: some agents miss a cancellation that comes before they have begun. */
  cancel_again_ms: number;
  /** How long an agent waits for its next turn, while its work is saved. */
  next_ms: number;
}

export const BOUNDS: AcpBounds = {
  initialize_ms: 60_000,
  session_ms: 120_000,
  load_ms: 60_000,
  setting_ms: 30_000,
  cancel_ms: 1_500,
  silence_ms: 120_000,
  quiet_ms: 2000,
  interrupt_ms: 30_000,
  cancel_again_ms: 5000,
  next_ms: 15 * 60_000,
};
