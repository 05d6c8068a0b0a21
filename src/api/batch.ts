import { capability } from "./capability.ts";

export const batch = capability({
  type: "batch",
  doc:
    "Up to 50 requests at once, carried out one after another and answered in their order. One that fails " +
    "does not keep the others from being carried out. A batch cannot hold a batch.",
  permission: "read",
  errors: [],
  example: { type: "batch", requests: [{ type: "ping" }, { type: "get_task_status", task_id: "task_456" }] },
  handle: async ({ requests }, { dispatch }, session) => {
    const responses: unknown[] = [];
    for (const [index, request] of requests.entries()) {
      // The limits have counted the batch as its first member.
      responses.push(await dispatch(request, session, { isCounted: index === 0 }));
    }
    return { responses };
  },
});
