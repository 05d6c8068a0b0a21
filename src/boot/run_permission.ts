/** Whether programs can be run here at all. */
import { ApiError } from "../domain/errors.ts";

/**
 * Returns a function that gives the error for tasks if the permission to run programs is missing. If only some programs
 * are permitted, tasks that need others fail one by one, and their error names the program.
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

/** The programs that may be run, of those that every installation permits. */
async function grantedPrograms(): Promise<string[]> {
  const granted: string[] = [];
  for (const command of ["ps", "kill"]) {
    const { state } = await Deno.permissions.query({ name: "run", command });
    if (state === "granted") granted.push(command);
  }
  return granted;
}
