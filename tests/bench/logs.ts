/** The log: taking entries in, and questions to a million of them, beside ripgrep on the same text. */
import { isoTime, systemClock } from "../../src/clock/clock.ts";
import { lineOf, type NewEntry } from "../../src/store/log_line.ts";
import { openStore } from "../../src/store/open.ts";
import type { LogQuery } from "../../src/store/log_query.ts";
import type { LogStore } from "../../src/store/log_store.ts";
import { type Figure, median } from "./figure.ts";
import { findRipgrep, MISSING, type Ripgrep } from "./peers/ripgrep.ts";

const ENTRIES = 1_000_000;
const AGENTS = 50;
const ASKED = 11;
const GOAL_INGEST = 50_000;
const GOAL_LAST_MS = 5;
const GOAL_COUNT_MS = 400;
const GOAL_TEXT_MS = 100;
const LINES_PER_WRITE = 10_000;

const LEVELS = ["debug", "info", "info", "info", "warn", "error"] as const;

function entryAt(i: number): NewEntry {
  return {
    level: LEVELS[i % LEVELS.length]!,
    message: `Step ${i} of the ${i % 7 === 0 ? "parser" : "renderer"} took ${i % 97} ms`,
    agent: `task_${i % AGENTS}`,
    source: "stdout",
    details: { attempt: 1 },
    context: { task_id: `task_${i % AGENTS}` },
  };
}

async function fill(logs: LogStore): Promise<number> {
  const begun = performance.now();
  for (let i = 0; i < ENTRIES; i++) {
    const room = logs.append(entryAt(i));
    if (room) await room;
  }
  await logs.flush();
  return ENTRIES / ((performance.now() - begun) / 1000);
}

/** The same entries as lines of a file. */
async function writeLines(path: string): Promise<void> {
  using file = await Deno.open(path, { write: true, createNew: true });
  const writer = file.writable.getWriter();
  const encoder = new TextEncoder();
  const time = isoTime(systemClock.now());
  for (let from = 0; from < ENTRIES; from += LINES_PER_WRITE) {
    const lines = Array.from({ length: LINES_PER_WRITE }, (_, i) => lineOf(entryAt(from + i), time).text);
    await writer.write(encoder.encode(lines.join("\n") + "\n"));
  }
  await writer.close();
}

interface Answer {
  /** The median. */
  ms: number;
  /** What is read once is kept for a minute, so the first time is longer. */
  first_ms: number;
  count: number;
}

/** The ways take turns, so that all of them meet the same noise. */
async function answers(ways: (() => Promise<number>)[]): Promise<Answer[]> {
  const times: number[][] = ways.map(() => []);
  const counts: number[] = [];
  for (let round = 0; round < ASKED; round++) {
    for (const [i, way] of ways.entries()) {
      const begun = performance.now();
      counts[i] = await way();
      times[i]!.push(performance.now() - begun);
    }
  }
  return times.map((some, i) => ({ ms: median(some), first_ms: some[0]!, count: counts[i]! }));
}

function counting(logs: LogStore, query: Omit<LogQuery, "order">): () => Promise<number> {
  return async () => (await logs.query({ order: "desc", ...query })).filtered_count;
}

async function textCount(
  logs: LogStore,
  text: string,
  peer: Ripgrep | undefined,
  file: string,
): Promise<Figure> {
  const [ours, theirs] = await answers([
    counting(logs, { message_contains: text, limit: 50 }),
    ...(peer ? [() => peer.count(text, file)] : []),
  ]) as [Answer, Answer?];
  if (theirs && theirs.count !== ours.count) {
    throw new Error(`${peer!.title} finds ${theirs.count} of "${text}", we find ${ours.count}`);
  }
  return {
    what: `${counted(ours)} by the text "${text.trim()}"`,
    measured: `${ours.ms.toFixed(1)} ms, at first ${ours.first_ms.toFixed(1)} ms; ${
      theirs ? `${peer!.title} on the same text: ${theirs.ms.toFixed(1)} ms` : MISSING
    }`,
    goal: `≤ ${GOAL_TEXT_MS} ms`,
    met: ours.ms <= GOAL_TEXT_MS,
  };
}

function counted({ count }: Answer): string {
  return `count of ${ENTRIES.toLocaleString("en")} entries, of which ${count.toLocaleString("en")} match,`;
}

export async function logs(): Promise<Figure[]> {
  const folder = await Deno.makeTempDir({ prefix: "oa-bench-" });
  const store = await openStore({ folder: `${folder}/data`, clock: systemClock });
  try {
    const rate = await fill(store.logs);
    const peer = await findRipgrep();
    const file = `${folder}/log.txt`;
    if (peer) await writeLines(file);
    const [last] = await answers([counting(store.logs, { limit: 50 })]) as [Answer];
    const [byLevel] = await answers([
      counting(store.logs, { levels: ["error"], agents: ["task_5"], limit: 50 }),
    ]) as [Answer];
    return [
      {
        what: "log entries taken in, each committed",
        measured: `${Math.round(rate).toLocaleString("en")}/s`,
        goal: `≥ ${GOAL_INGEST.toLocaleString("en")}/s`,
        met: rate >= GOAL_INGEST,
      },
      {
        what: `the last 50 of ${ENTRIES.toLocaleString("en")} entries`,
        measured: `${last.ms.toFixed(1)} ms`,
        goal: `< ${GOAL_LAST_MS} ms`,
        met: last.ms < GOAL_LAST_MS,
      },
      {
        what: `${counted(byLevel)} by level and agent`,
        measured: `${byLevel.ms.toFixed(1)} ms`,
        goal: `< ${GOAL_COUNT_MS} ms`,
        met: byLevel.ms < GOAL_COUNT_MS,
      },
      await textCount(store.logs, "PARSER took 13 ", peer, file),
      await textCount(store.logs, "step 77777 ", peer, file),
    ];
  } finally {
    await store.close();
    await Deno.remove(folder, { recursive: true });
  }
}
