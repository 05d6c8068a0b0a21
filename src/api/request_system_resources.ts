import { capability } from "./capability.ts";

export const requestSystemResources = capability({
  type: "request_system_resources",
  doc:
    "Reports the processor, memory, disk, network and load of this machine. What the server cannot read is absent.",
  permission: "read",
  errors: ["SERVICE_UNAVAILABLE"],
  example: { type: "request_system_resources" },
  handle: async (_request, { machine }) => ({ data: await machine.resources() }),
});
