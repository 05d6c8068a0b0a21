/** Lines of a log as a file that the browser saves. */
import type { LogLine } from "../data/log_window.ts";

const KINDS = {
  text: { ending: "log", type: "text/plain" },
  json: { ending: "jsonl", type: "application/jsonl" },
} as const;

export function saveFile(lines: readonly LogLine[], name: string, kind: keyof typeof KINDS): void {
  const { ending, type } = KINDS[kind];
  const rows = lines.map(({ entry, text }) =>
    kind === "json"
      ? `${JSON.stringify(entry)}\n`
      : `${entry.time} ${entry.level.toUpperCase().padEnd(5)} ${entry.agent} ${entry.source}: ${text}\n`
  );
  const address = URL.createObjectURL(new Blob(rows, { type: `${type};charset=utf-8` }));
  const link = document.createElement("a");
  link.href = address;
  link.download = `${name}.${ending}`;
  link.click();
  URL.revokeObjectURL(address);
}
