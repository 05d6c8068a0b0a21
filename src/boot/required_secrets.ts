/** The secrets without which nothing starts. Templates look for theirs when they are read. */
import { secretOf } from "../domain/secret_variable.ts";
import type { Config } from "../protocol/config.ts";

/** Throws `CONFIGURATION_ERROR` for a notification whose secret is not there. */
export function requireSecrets(
  { notifications }: Pick<Config, "notifications">,
  env: Readonly<Record<string, string>>,
): void {
  for (const [i, { secret_env }] of notifications.entries()) {
    if (secret_env !== undefined) secretOf(`notifications[${i}].secret_env`, secret_env, env);
  }
}
