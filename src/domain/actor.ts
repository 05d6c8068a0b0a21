/** Who asks for a change: known from the door to the stored change and to the event that tells of it. */
import { z } from "zod";

const ActorKind = z.enum([
  "owner",
  "key",
  "jwt",
  "certificate",
  "agent",
  "anonymous",
  "plugin",
  "hook",
  "schedule",
  "server",
]);

export const Actor = z.object({
  kind: ActorKind,
  id: z.string().optional().describe("Which of its kind: a key's id, a schedule's id."),
  name: z.string().optional().describe("As people know it: a key's name."),
  tenant: z.string(),
}).describe("Who asked for the change.");
export type Actor = z.infer<typeof Actor>;
