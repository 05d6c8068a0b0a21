/** All ways to reach people: a new one is a file in `carriers`, a line here, and its settings in `src/domain/notification.ts`. */
import type { NotificationTarget } from "../domain/notification.ts";
import type { Carried, Carrier, CarrierContext, Parcel } from "./carrier.ts";
import { command } from "./carriers/command.ts";
import { ntfy } from "./carriers/ntfy.ts";
import { webhook } from "./carriers/webhook.ts";

const CARRIERS: { [Name in NotificationTarget["channel"]]: Carrier<Name> } = { webhook, ntfy, command };

/** Hands a parcel to a target once. Never rejects. */
export function carry(
  target: NotificationTarget,
  parcel: Parcel,
  secret: string | undefined,
  context: CarrierContext,
): Promise<Carried> {
  const carrier = CARRIERS[target.channel] as Carrier<typeof target.channel>;
  return carrier(target as never, parcel, secret, context);
}
