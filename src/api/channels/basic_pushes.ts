/** What a connection is sent that has not subscribed, with `compatibility.pushes`: what the first dashboards expect. */
import type { Push } from "../../protocol/pushes.ts";
import { PUSHED } from "../../protocol/pushed.ts";
import type { Channel } from "../../protocol/subscription_messages.ts";

const TYPES: readonly Push["type"][] = ["resource_update", "task_status_update", "agent_update", "log_entry"];

export const BASIC_CHANNELS: readonly Channel[] = [...new Set(TYPES.map((type) => PUSHED[type].channel))];

/** A channel of a basic push can carry others, too. */
export function isBasic(push: Push): boolean {
  return TYPES.includes(push.type);
}
