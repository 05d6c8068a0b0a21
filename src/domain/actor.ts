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

const DEFAULT_TENANT = "default";

export const Actor = z.object({
  kind: ActorKind,
  id: z.string().optional().describe("Which of its kind: a key's id, a schedule's id."),
  name: z.string().optional().describe("As people know it: a key's name."),
  tenant: z.string(),
}).describe("Who asked for the change.");
export type Actor = z.infer<typeof Actor>;

/** Whoever can read the files of the data folder. */
export const OWNER: Actor = { kind: "owner", tenant: DEFAULT_TENANT };

/** Someone who has not shown who they are. */
export const ANONYMOUS: Actor = { kind: "anonymous", tenant: DEFAULT_TENANT };

/** The server itself: what it does without being asked, such as starting a task whose turn it is. */
export const SERVER: Actor = { kind: "server", tenant: DEFAULT_TENANT };

export function keyActor({ id, name }: { id: string; name: string }): Actor {
  return { kind: "key", id, name, tenant: DEFAULT_TENANT };
}

/** A schedule whose time has come. */
export function scheduleActor(schedule_id: string): Actor {
  return { kind: "schedule", id: schedule_id, tenant: DEFAULT_TENANT };
}

/** As log entries name an actor: `key 'ci' (key_1)`. */
export function actorName({ kind, id, name }: Actor): string {
  const words = [
    kind,
    name === undefined ? id : `'${name}'`,
    name === undefined || id === undefined ? undefined : `(${id})`,
  ];
  return words.filter((word) => word !== undefined).join(" ");
}
