/** What a sandbox holds an agent to, in words. */
import type { Sandbox } from "../domain/sandbox.ts";

export function sandboxWords({ network, home, write, read }: Sandbox): string {
  return [
    network ? "bubblewrap" : "bubblewrap, no network",
    home === "own" && "a home of its own",
    write.length > 0 && `writes ${write.join(", ")}`,
    read.length > 0 && `reads ${read.join(", ")}`,
  ].filter((part) => part !== false).join("; ");
}
