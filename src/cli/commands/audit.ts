/** `audit`: who did what. `audit verify FILE` works without a server. */
import { Argument, type Command, Option } from "commander";
import type { Requester } from "../../client/replies.ts";
import { sleep } from "../../clock/clock.ts";
import { actorName } from "../../domain/actor.ts";
import { type AuditEntry, AuditOutcome } from "../../domain/audit/audit_entry.ts";
import { ApiError } from "../../domain/errors.ts";
import { fieldProblem } from "../../domain/field_problem.ts";
import { counted } from "../../protocol/formats.ts";
import type { RequestInput } from "../../protocol/messages.ts";
import type { Cli, CommonFlags } from "../cli.ts";
import { EXIT } from "../exit_codes.ts";
import { linesOfFile } from "../file_lines.ts";
import { localDateTime, localZone } from "../local_time.ts";
import { path, wholeNumber } from "../options.ts";
import { type Column, printTable } from "../table.ts";
import { pointInTime } from "../when.ts";

interface AuditFlags extends CommonFlags {
  verify?: boolean;
  export?: string;
  head?: string;
  actor?: string;
  action?: string;
  target?: string;
  outcome?: AuditOutcome;
  since?: string;
  until?: string;
  limit: number;
}

/** Of the entries that one request of an export asks for. */
const AT_ONCE = 1000;
/** A verification of a long log takes its time. */
const VERIFY_MS = 120_000;

export function addAudit(program: Command, cli: Cli): void {
  cli.command(program, "audit", "show the audit log: who did what, from where, and how it ended")
    .addArgument(new Argument("[verify]", "verify an exported log, without a server").choices(["verify"]))
    .argument("[file]", "verify: the exported log, or - for stdin", path)
    .option("--verify", "compute the chain again on the server, and print its head")
    .option("--export <file>", "write all entries to a new file, oldest first, one JSON a line", path)
    .option(
      "--head <hash>",
      "verify: the entry with this hash must be there, so that nothing before it is cut off",
    )
    .option("--actor <id>", "of this key, task, schedule…, or of owner or anonymous")
    .option("--action <type>", "of this message, such as start_task")
    .option("--target <id>", "about this task, key, session…")
    .addOption(new Option("--outcome <outcome>").choices(AuditOutcome.options))
    .option("--since <time>", "since then: 10m, 2h, yesterday, 09:00, or a date and time")
    .option("--until <time>", "until then")
    .option("-n, --limit <count>", "the newest entries, at most 1000", wholeNumber, 50)
    .action(async (what: "verify" | undefined, file: string | undefined, flags: AuditFlags) => {
      if (what === "verify") return await verifyFile(cli, file, flags);
      if (flags.verify) return await verifyOnServer(cli, flags);
      if (flags.export !== undefined) return await exportTo(cli, flags.export, flags);
      await show(cli, flags);
    });
}

async function show(cli: Cli, flags: AuditFlags): Promise<void> {
  const { terminal } = cli;
  const reply = await cli.http(flags).request("request_audit_log", {
    filter: filterOf(cli, flags),
    limit: flags.limit,
  });
  if (flags.json) return terminal.json(reply, 2);
  if (reply.entries.length === 0) return terminal.note("no entries");
  printTable(terminal, reply.entries.toReversed(), COLUMNS);
}

const COLUMNS: Column<AuditEntry>[] = [
  { title: "TIME", value: ({ time }) => localDateTime(time) },
  { title: "WHO", value: ({ actor }) => actorName(actor) },
  { title: "FROM", value: ({ ip }) => ip ?? "-" },
  { title: "ACTION", value: ({ action }) => action },
  { title: "TARGET", value: ({ target }) => target ?? "-" },
  { title: "OUTCOME", value: ({ outcome, code }) => code === undefined ? outcome : `${outcome}: ${code}` },
  {
    title: "DETAILS",
    value: ({ details }) => Object.keys(details).length > 0 ? JSON.stringify(details) : "",
  },
];

function filterOf(cli: Cli, flags: AuditFlags): RequestInput<"request_audit_log">["filter"] {
  const here = { now_ms: cli.clock.now(), zone: localZone() };
  const { actor, action, target, outcome, since, until } = flags;
  return {
    actor,
    action,
    target,
    outcome,
    start: since === undefined ? undefined : pointInTime(since, "since", here).time,
    end: until === undefined ? undefined : pointInTime(until, "until", here).time,
  };
}

async function verifyOnServer(cli: Cli, flags: AuditFlags): Promise<void> {
  const { terminal } = cli;
  const reply = await cli.http(flags).request("verify_audit_log", {}, { timeout_ms: VERIFY_MS });
  if (!reply.ok) cli.exit = EXIT.failed;
  if (flags.json) return terminal.json(reply, 2);
  for (const chain of reply.chains) terminal.line(verdictLine({ ...chain, head: { hash: chain.head } }));
  if (reply.chains.length === 0) terminal.note("no entries");
}

async function verifyFile(cli: Cli, file: string | undefined, flags: AuditFlags): Promise<void> {
  if (file === undefined) {
    throw fieldProblem("MISSING_REQUIRED_FIELD", "file", undefined, "a file", "audit verify needs a file");
  }
  // Only this needs what computes hashes.
  const { verifyAuditFile } = await import("../../domain/audit/audit_file.ts");
  const report = await verifyAuditFile(linesOfFile(file), flags.head);
  const { terminal } = cli;
  if (!report.ok) cli.exit = EXIT.failed;
  if (flags.json) return terminal.json(report, 2);
  for (const chain of report.chains) terminal.line(verdictLine(chain));
  if (report.chains.length === 0) terminal.note("no entries");
  if (report.has_head === false) {
    terminal.line(`no entry in order has the hash ${flags.head}: the end is cut off, or it is another log`);
  }
}

interface Verdict {
  node: string;
  ok: boolean;
  entries: number;
  first_seq?: number;
  first_bad_seq?: number;
  problem?: string;
  head: { hash: string };
}

function verdictLine({ node, ok, entries, first_seq = 1, first_bad_seq, problem, head }: Verdict): string {
  const counts = counted(entries, "entry", "entries");
  if (!ok) return `${node}: NOT in order: entry ${first_bad_seq}: ${problem} (${counts})`;
  const older = first_seq > 1 ? `, older ones than ${first_seq} were removed because of age or size` : "";
  return `${node}: ${counts} in order${older}; head ${head.hash}`;
}

async function exportTo(cli: Cli, file: string, flags: AuditFlags): Promise<void> {
  const server = cli.http(flags);
  const out = await created(file);
  const writer = out.writable.getWriter();
  const encoder = new TextEncoder();
  let entries = 0;
  let head: string | undefined;
  try {
    let cursor: string | undefined;
    do {
      const page = await patiently(cli, server, { limit: AT_ONCE, order: "asc", cursor });
      for (const entry of page.entries) await writer.write(encoder.encode(`${JSON.stringify(entry)}\n`));
      entries += page.entries.length;
      head = page.entries.at(-1)?.hash ?? head;
      cursor = page.next_cursor;
    } while (cursor !== undefined);
  } finally {
    await writer.close();
  }
  if (flags.json) return cli.terminal.json({ file, entries, head }, 2);
  cli.terminal.line(
    `${counted(entries, "entry", "entries")} in ${file}${head === undefined ? "" : `; head ${head}`}`,
  );
}

/** A long log has more pages than a minute allows requests. */
async function patiently(cli: Cli, server: Requester, page: Omit<RequestInput<"request_audit_log">, "type">) {
  while (true) {
    try {
      return await server.request("request_audit_log", page);
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== "RATE_LIMIT_EXCEEDED") throw error;
      await sleep(cli.clock, 1000 * Math.max(1, Number(error.details.retry_after_seconds) || 1));
    }
  }
}

async function created(file: string): Promise<Deno.FsFile> {
  try {
    return await Deno.open(file, { write: true, createNew: true, mode: 0o600 });
  } catch (error) {
    const why = error instanceof Deno.errors.AlreadyExists ? "it is there already" : (error as Error).message;
    throw new ApiError("FILESYSTEM_ERROR", `${file} cannot be written: ${why}`, { file_path: file });
  }
}
