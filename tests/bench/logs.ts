/** The log: taking entries in, and questions to a million of them. */
import { systemClock } from "../../src/clock/clock.ts";
import { openStore } from "../../src/store/open.ts";
import type { LogQuery } from "../../src/store/log_query.ts";
import type { LogStore } from "../../src/store/log_store.ts";
import { type Figure, median } from "./figure.ts";

const ENTRIES = 1_000_000;
const AGENTS = 50;
const ASKED = 11;
const GOAL_INGEST = 50_000;
const GOAL_LAST_MS = 5;
const GOAL_COUNT_MS = 400;

const LEVELS = ["debug", "info", "info", "info", "warn", "error"] as const;

async function fill(logs: LogStore): Promise<number> {
  const begun = performance.now();
  for (let i = 0; i < ENTRIES; i++) {
    const room = logs.append({
      level: LEVELS[i % LEVELS.length]!,
      message: `Step ${i} of the ${i % 7 === 0 ? "parser" : "renderer"} took ${i % 97} ms`,
      agent: `task_${i % AGENTS}`,
      source: "stdout",
      details: { attempt: 1 },
      context: { task_id: `task_${i % AGENTS}` },
    });
    if (room) await room;
  }
  await logs.flush();
  return ENTRIES / ((performance.now() - begun) / 1000);
}

async function asked(logs: LogStore, query: Omit<LogQuery, "order">): Promise<{ ms: number; count: number }> {
  const times: number[] = [];
  let count = 0;
  for (let i = 0; i < ASKED; i++) {
    const begun = performance.now();
    count = (await logs.query({ order: "desc", ...query })).filtered_count;
    times.push(performance.now() - begun);
  }
  return { ms: median(times), count };
}

export async function logs(): Promise<Figure[]> {
  const folder = await Deno.makeTempDir({ prefix: "oa-bench-" });
  const store = await openStore({ folder: `${folder}/data`, clock: systemClock });
  try {
    const rate = await fill(store.logs);
    const count = (what: string, { ms, count }: { ms: number; count: number }): Figure => ({
      what: `count of ${ENTRIES.toLocaleString("en")} entries by ${what} (${
        count.toLocaleString("en")
      } match)`,
      measured: `${ms.toFixed(1)} ms`,
      goal: `< ${GOAL_COUNT_MS} ms`,
      met: ms < GOAL_COUNT_MS,
    });
    const last = await asked(store.logs, { limit: 50 });
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
      count("level and agent", await asked(store.logs, { levels: ["error"], agents: ["task_5"], limit: 50 })),
      count(
        "a text in the message",
        await asked(store.logs, { message_contains: "PARSER took 13 ", limit: 50 }),
      ),
      count("a rare text", await asked(store.logs, { message_contains: "step 77777 ", limit: 50 })),
    ];
  } finally {
    await store.close();
    await Deno.remove(folder, { recursive: true });
  }
}
