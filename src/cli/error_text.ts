/** Expected failures as text for people. Pure. */
import { oneLine } from "./text.ts";
import type { ApiError } from "../domain/errors.ts";
import { inWords } from "../domain/field_problem.ts";
import { LIMIT_NAMES } from "../protocol/limits.ts";

/** The code, the message, and what to do about it. */
export function describeError(error: ApiError): string {
  return [`error ${error.code}: ${error.message}`, ...advice(error)].join("\n");
}

function advice({ code, message, details }: ApiError): string[] {
  if (code === "CONNECTION_LOST" && details.sent !== true) {
    const reason = String(details.reason ?? "");
    if (/certificate/i.test(reason)) {
      return [
        `${oneLine(reason)}`,
        "Name the authority of the server's certificate with --ca FILE, or the data folder of your own server with --data.",
      ];
    }
    return [
      "Is a server running? Start one with `opencode-agents serve`, or name another with --url, --data or OPENCODE_AGENTS_URL.",
    ];
  }
  if (code === "RATE_LIMIT_EXCEEDED" && details.retry_after_seconds !== undefined) {
    // Some limits cannot be configured, such as the one on wrong keys.
    const isConfigured = (LIMIT_NAMES as readonly unknown[]).includes(details.limit);
    return [
      `Try again in ${details.retry_after_seconds} s${isConfigured ? ` (limits.${details.limit})` : ""}.`,
    ];
  }
  if (code === "AUTHENTICATION_REQUIRED" || code === "INVALID_AUTH_TOKEN") {
    return ["Pass a key with --key or OPENCODE_AGENTS_KEY; `opencode-agents keys create` makes one."];
  }
  if (code === "TASK_NOT_FOUND" && details.schedule_id !== undefined) {
    return ["`opencode-agents schedules` lists the schedules."];
  }
  if (code === "TASK_NOT_FOUND") {
    return [
      "`opencode-agents tasks` lists the tasks, `opencode-agents schedules` what runs again and again.",
    ];
  }
  if (code === "PROCESS_NOT_FOUND") return ["`opencode-agents ps` lists the agents' processes."];
  if (code === "PROCESS_PERMISSION_DENIED") {
    return ["You can end only agents and their processes."];
  }
  if (code === "SERVICE_UNAVAILABLE" && details.permission !== undefined) {
    return [`Start the server with ${details.permission}.`];
  }
  if (code === "CHANGES_CONFLICT") return conflictAdvice(details);
  return detailsIn(message, details);
}

/** How many files an error lists. */
const FILES_LISTED = 20;

/** The files, and the way on from each reason. */
function conflictAdvice({ reason, files }: ApiError["details"]): string[] {
  const names = Array.isArray(files) ? files.map((file) => oneLine(String(file))) : [];
  const more = names.length - FILES_LISTED;
  return [
    ...names.slice(0, FILES_LISTED).map((name) => `  ${name}`),
    ...more > 0 ? [`  and ${more} more`] : [],
    ...typeof reason === "string" ? WAYS_ON[reason] ?? [] : [],
  ];
}

const WAYS_ON: Record<string, string[]> = {
  conflict: [
    "Nothing has changed. `opencode-agents update ID --resolve agent` has the task's agent resolve it; or resolve it by hand " +
    "in the task's worktree (`opencode-agents task ID` names it).",
  ],
  uncommitted: ["Nothing has changed. Commit, stash or move away what is not committed, and try again."],
  dependencies: ["Nothing has changed. Accept those first, or use --include-dependencies."],
  checks: ["Nothing has changed. `opencode-agents review ID -m TEXT` sends the task back to its agent."],
};

/** The details that the message itself does not mention. */
function detailsIn(message: string, details: ApiError["details"]): string[] {
  const lines: string[] = [];
  const { current_status, expected, suggestion } = details;
  const words = [expected].flat().map(String);
  const isSaid = words.every((word) => message.includes(word)) || message.includes(inWords(expected));
  if (current_status !== undefined && !message.includes(`it is ${current_status}`)) {
    lines.push(`It is ${current_status}.`);
  }
  if (expected !== undefined && details.pid === undefined && !isSaid) {
    lines.push(`Expected: ${inWords(expected)}.`);
  }
  if (suggestion !== undefined && !message.includes("Did you mean")) {
    lines.push(`Did you mean ${suggestion}?`);
  }
  return lines;
}
