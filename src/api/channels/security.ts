import type { ChannelDefinition } from "./channel.ts";

/** Alerts about likely attacks. */
export const security: ChannelDefinition = {
  name: "security",
  permission: "admin",
  pushes: ["security_alert"],
  onEvent: (event) => event.kind === "security.alert" ? [{ message: event.alert }] : [],
};
