import { isoTime } from "../clock/clock.ts";
import { capability } from "./capability.ts";

export const createPullRequest = capability({
  type: "create_pull_request",
  doc:
    "Pushes the branch of an ended task to a configured remote, never with force, and opens a pull request by `gh` or `glab`. " +
    "While one is open, it pushes to the same one, and changes its title and body if they are given. The task's " +
    "`pull_request` then says what becomes of it: see docs/pull_requests.md. The answer comes within 120 s; with a " +
    "`request_id`, later requests may be answered before it.",
  permission: "write",
  limit: "file_operations_per_minute",
  errors: [
    "TASK_NOT_FOUND",
    "INVALID_FIELD_VALUE",
    "CHANGES_CONFLICT",
    "SERVICE_UNAVAILABLE",
    "FILESYSTEM_ERROR",
  ],
  example: { type: "create_pull_request", task_id: "fix_login", draft: true },
  isSlow: true,
  handle: async ({ type: _type, request_id: _id, ...request }, { pullRequests, clock }, { actor }) => {
    const { url, branch, number } = await pullRequests.create(request, actor);
    return { task_id: request.task_id, url, branch, number, timestamp: isoTime(clock.now()) };
  },
});
