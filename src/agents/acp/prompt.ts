/** Builds the prompt for an agent. Pure. */
import type { RunRequest } from "../../domain/run.ts";

/** Metadata beyond this many characters of JSON is left out. */
const MOST_METADATA = 16 * 1024;

/**
 * The prompt's content blocks: the task's prompt unchanged, and its context in a separate block. A session that
 * continues after its agent was killed already has both.
 */
export function promptBlocks(task: RunRequest["task"], continues: boolean): { type: "text"; text: string }[] {
  if (continues) return [{ type: "text", text: "continue" }];
  const context: string[] = [];
  if (task.files_pattern !== undefined) context.push(`Files concerned (glob): ${task.files_pattern}`);
  if (task.metadata !== undefined && Object.keys(task.metadata).length > 0) {
    const json = JSON.stringify(task.metadata);
    context.push(json.length > MOST_METADATA ? "Metadata: too long to be shown" : `Metadata: ${json}`);
  }
  const blocks = [{ type: "text" as const, text: task.prompt }];
  if (context.length > 0) blocks.push({ type: "text", text: `Context of the task\n${context.join("\n")}` });
  return blocks;
}
