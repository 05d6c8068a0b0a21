/** Secrets that the configuration takes from the server's variables. */
import { ApiError } from "./errors.ts";

/** Throws `CONFIGURATION_ERROR` for a variable that is not set or is empty: what it protects would be open. */
export function secretOf(field: string, secret_env: string, env: Readonly<Record<string, string>>): string {
  const secret = env[secret_env];
  if (secret) return secret;
  throw new ApiError(
    "CONFIGURATION_ERROR",
    `${field}: the variable ${secret_env} is ${secret === undefined ? "not set" : "empty"}`,
    { field, value: secret_env, expected: "the name of a variable that holds the secret" },
  );
}
