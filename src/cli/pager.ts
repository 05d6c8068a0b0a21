/** Shows long text page by page, as git does: with `$PAGER`, else `less`. Without one, it is printed. */
import { envValue } from "./home.ts";
import { harmless } from "./text.ts";
import type { Terminal } from "./terminal.ts";

/** Colors stay colors, a text that fits the screen is only printed, and it stays there afterwards. */
const LESS = "FRX";

export async function showPaged(terminal: Terminal, text: string): Promise<void> {
  const pager = envValue("PAGER") ?? "less -R";
  if (!terminal.isTerminal || pager.trim() === "" || pager === "cat") return terminal.line(text);
  if (!await piped(pager, `${harmless(text)}\n`)) terminal.line(text);
}

/** Returns whether the pager could be run. */
async function piped(pager: string, text: string): Promise<boolean> {
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command("sh", {
      args: ["-c", pager],
      env: { LESS: envValue("LESS") ?? LESS },
      stdin: "piped",
      stdout: "inherit",
      stderr: "inherit",
    }).spawn();
  } catch {
    // No shell, or no permission to run programs: the text is still to be read.
    return false;
  }
  const writer = child.stdin.getWriter();
  try {
    await writer.write(new TextEncoder().encode(text));
    await writer.close();
  } catch {
    // Whoever has read enough closes the pager.
  }
  const { code } = await child.status;
  // The shell's codes for a program that is not there, or cannot be run.
  return code !== 126 && code !== 127;
}
