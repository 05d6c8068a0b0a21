/** Whether programs can be run here at all. */
import { ApiError } from "../domain/errors.ts";

/**
 * A check that answers the error to give when nothing may be run: hosted, or started without the permission.
 * With the permission for some programs only, those others fail one by one, naming themselves.
 */
export async function runObstacle(): Promise<() => ApiError | undefined> {
  const { state, partial } = await Deno.permissions.query({ name: "run" }) as Deno.PermissionStatus;
  const named = state !== "granted" && !partial && (await grantedPrograms()).length === 0;
  return () =>
    named
      ? new ApiError("SERVICE_UNAVAILABLE", "This server may not run programs, so it cannot run tasks", {
        missing: ["run"],
        permission: "--allow-run",
      })
      : undefined;
}

/** Of the programs every installation names, those that may be run. */
async function grantedPrograms(): Promise<string[]> {
  const granted: string[] = [];
  for (const command of ["ps", "kill"]) {
    const { state } = await Deno.permissions.query({ name: "run", command });
    if (state === "granted") granted.push(command);
  }
  return granted;
}
