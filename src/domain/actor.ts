/** Who asks for a change. The door identifies the actor; the stored change and its event carry it. */
import * as z from "zod";
import { DEFAULT_TENANT } from "./tenant_id.ts";

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
  id: z.string().optional().describe(
    "The id of the key, of the schedule, of the agent's task, the hook's template, or the certificate's subject.",
  ),
  name: z.string().optional().describe("The name of the key or of the agent."),
  tenant: z.string(),
}).describe("Who asked for the change.");
export type Actor = z.infer<typeof Actor>;

/** Anyone who can read the files of the data folder. */
export const OWNER: Actor = { kind: "owner", tenant: DEFAULT_TENANT };

/** A client that has shown no key or token. */
export const ANONYMOUS: Actor = { kind: "anonymous", tenant: DEFAULT_TENANT };

/** The server itself, for what it does unasked, such as starting the next task in the queue. */
export const SERVER: Actor = { kind: "server", tenant: DEFAULT_TENANT };

export function keyActor(
  { id, name, tenant = DEFAULT_TENANT }: { id: string; name: string; tenant?: string },
): Actor {
  return { kind: "key", id, name, tenant };
}

/** A client with a certificate and without a key. `subject`: its common name. */
export function certificateActor(subject: string, tenant = DEFAULT_TENANT): Actor {
  return { kind: "certificate", id: subject, name: subject, tenant };
}

/** The agent of a running task, of the task's tenant. */
export function agentActor(task_id: string, agent: string, tenant = DEFAULT_TENANT): Actor {
  return { kind: "agent", id: task_id, name: agent, tenant };
}

/** Whoever signs the deliveries of a template. */
export function hookActor(template: string): Actor {
  return { kind: "hook", id: template, tenant: DEFAULT_TENANT };
}

/** A schedule that is due. */
export function scheduleActor(schedule_id: string, tenant = DEFAULT_TENANT): Actor {
  return { kind: "schedule", id: schedule_id, tenant };
}

/** The actor as log entries show it, such as `key 'ci' (key_1)`. */
export function actorName({ kind, id, name }: Actor): string {
  const words = [
    kind,
    name === undefined ? id : `'${name}'`,
    name === undefined || id === undefined ? undefined : `(${id})`,
  ];
  return words.filter((word) => word !== undefined).join(" ");
}

/** The same text for the same actor, whatever it is called now. */
export function actorKey({ kind, id, tenant }: Actor): string {
  return [tenant, kind, id].filter((part) => part !== undefined).join(" ");
}
