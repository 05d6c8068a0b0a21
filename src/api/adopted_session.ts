/** A session of an agent that a task goes on with. It may be a user's own, so that takes an administrator. */
import type { NewTask } from "../domain/task.ts";
import type { ApiContext, Session } from "./capability.ts";

/** Throws `PERMISSION_DENIED` or `AUTHENTICATION_REQUIRED` if the client may not have the task take up a session. */
export function requireAdminForSession(
  { execution }: Pick<NewTask, "execution">,
  { auth }: Pick<ApiContext, "auth">,
  { identity, limits }: Session,
): void {
  if (execution?.session === undefined) return;
  auth.authorise("admin", "execution.session", identity, limits.client);
}
