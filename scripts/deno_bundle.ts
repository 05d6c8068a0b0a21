/** `deno bundle`, with the packages as locked. */
import { ROOT } from "./root.ts";

/** Long enough for a first download. */
const WITHIN_MS = 300_000;

/** Bundles `entry`, relative to the root, into the folder. Throws an error with what the bundler said. */
export async function denoBundle(entry: string, folder: string, flags: readonly string[]): Promise<void> {
  const args = [
    ...["bundle", "--quiet", "--frozen", "--code-splitting", ...flags],
    ...["--outdir", folder, entry],
  ];
  // Stdout is for the server that starts next.
  const { success, code, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: ROOT,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
    signal: AbortSignal.timeout(WITHIN_MS),
  }).output();
  if (!success) {
    throw new Error(`${entry} could not be bundled (exit ${code}):\n${new TextDecoder().decode(stderr)}`);
  }
}
