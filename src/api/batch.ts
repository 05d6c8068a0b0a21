import { capability } from "./capability.ts";

export const batch = capability({
  type: "batch",
  doc:
    "Carries out up to 50 requests, one after another, and answers them in their order. A request that fails does not " +
    "stop the others. A batch cannot contain a batch.",
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
