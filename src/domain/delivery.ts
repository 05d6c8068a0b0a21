/** What a hook was sent, and what came of it. */
import * as z from "zod";
import { epochOf, isoTime } from "../clock/clock.ts";

export const Delivery = z.object({
  delivery_id: z.string().describe("As its sender named it; otherwise an id of the server."),
  template: z.string(),
  time: z.string(),
  event: z.string().optional().describe("X-GitHub-Event."),
  outcome: z.enum(["started", "ignored", "refused"]).describe(
    "started: a task; ignored: the event is not one that starts a task; refused: no task could be made of it.",
  ),
  reason: z.string().optional().describe("Why it started no task."),
  task_id: z.string().optional(),
  replays: z.array(z.string()).optional().describe("The tasks of the last replays."),
});
export type Delivery = z.infer<typeof Delivery>;

const DAY_MS = 86_400_000;
/** So long a delivery with the same id is the same one. */
export const SAME_FOR_MS = DAY_MS;
/** The newest are kept for longer, so that they can be looked at and replayed. */
export const DELIVERIES_KEPT = 200;

/** The deliveries that can go, of those of one template, the newest first. */
export function outdated<T extends Pick<Delivery, "time" | "outcome">>(
  deliveries: readonly T[],
  now: string,
): T[] {
  const oldest = isoTime(epochOf(now) - SAME_FOR_MS);
  return deliveries.slice(DELIVERIES_KEPT).filter(({ time, outcome }) =>
    outcome !== "started" || time < oldest
  );
}
