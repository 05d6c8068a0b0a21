/** The secrets that the configuration takes from variables. */
import { ApiError } from "../domain/errors.ts";
import type { Config } from "../protocol/config.ts";

/** Throws `CONFIGURATION_ERROR` for a variable that is not set or is empty: what it protects would be open. */
export function requireSecrets(
  { notifications }: Pick<Config, "notifications">,
  env: Readonly<Record<string, string>>,
): void {
  for (const [i, { name, secret_env }] of notifications.entries()) {
    if (secret_env === undefined || env[secret_env]) continue;
    throw new ApiError(
      "CONFIGURATION_ERROR",
      `The notification '${name}' needs the variable ${secret_env}, which is not set or is empty`,
      {
        field: `notifications.${i}.secret_env`,
        value: secret_env,
        expected: "a variable of the server with a value",
      },
    );
  }
}
