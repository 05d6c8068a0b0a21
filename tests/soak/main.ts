/**
 * `deno task soak [MINUTES]` (60 by default): the real server under mixed load, its memory, open files, threads,
 * timers and children looked at every few seconds. Fails when the last quarter stands above the second, or when the
 * server, idle again, has more open files, timers or children than it had before.
 */
import { existsSync } from "node:fs";
import { START_PERMISSIONS, V8_FLAGS } from "../../scripts/start_flags.ts";
import { type TestServer, withServer } from "../fixtures/server.ts";
import { until } from "../fixtures/until.ts";
import { ClientLife, type Tally } from "./client_life.ts";
import { type Sample, sampleOf } from "./sample.ts";

const MINUTES = Number(Deno.args[0] ?? 60);
const CLIENTS = 8;
const SAMPLE_MS = 5000;
/** Noise of the collector and of children that happen to run. */
const TOLERANCE: Partial<Record<keyof Sample, number>> = {
  resident_mb: 1.15,
  open_files: 1.25,
  threads: 1.25,
  timers: 1.25,
  children: 1.25,
};
/** How much more an idle server may have than it had before the load; a connection of the sampling may be open. */
const LEFT: Partial<Record<keyof Sample, number>> = { open_files: 4, timers: 4, children: 0 };
const IDLE_MS = 60_000;
const WARM_UP_MS = 20_000;

const MAIN = new URL("../../main.ts", import.meta.url).pathname;
const COUNT_TIMERS = new URL("count_timers.ts", import.meta.url).pathname;
const DENO_JSON = new URL("../../deno.json", import.meta.url).pathname;
const SERVER = [
  ...[Deno.execPath(), "run", "--quiet", "--no-prompt", ...V8_FLAGS, "--config", DENO_JSON],
  ...[...START_PERMISSIONS, "--preload", COUNT_TIMERS, MAIN],
];
const CONFIG = {
  limits: { enabled: false },
  agents: {
    demo: {
      protocol: "acp",
      command: [
        Deno.execPath(),
        "run",
        "--quiet",
        "--allow-read",
        "--allow-write",
        "--allow-env",
        MAIN,
        "demo-agent",
      ],
      pass_env: ["DENO_DIR", "XDG_CACHE_HOME"],
    },
    sh: { protocol: "command", command: ["sh", "-c", "{prompt}"] },
  },
  // Little is kept, so that what is kept is level long before the end.
  tasks: { default_agent: "sh", max_concurrent: 6, retention_days: 2 / 1440, unresponsive_limit_ms: 20_000 },
  logs: { retention_days: 2 / 1440 },
  monitor: { resources_interval_ms: 1000, processes_interval_ms: 2000, task_summary_interval_ms: 1000 },
};

function mean(samples: Sample[], what: keyof Sample): number {
  return samples.reduce((sum, sample) => sum + sample[what], 0) / samples.length;
}

function quarter(samples: Sample[], which: number): Sample[] {
  const size = Math.floor(samples.length / 4);
  return samples.slice(which * size, (which + 1) * size);
}

/** Mixed load until `end`; every client has closed and cancelled what it left when this resolves. */
async function load(server: TestServer, tally: Tally, end: number, look: () => Promise<void>): Promise<void> {
  const stop = new AbortController();
  const clients = Array.from(
    { length: CLIENTS },
    (_, i) => new ClientLife(server, i, tally).live(stop.signal),
  );
  const dead = Promise.race(clients.map((client) =>
    client.then(() => {
      if (!stop.signal.aborted) throw new Error("a client ended by itself");
    })
  ));
  while (Date.now() < end) {
    await Promise.race([dead, new Promise((resolve) => setTimeout(resolve, SAMPLE_MS))]);
    await look();
  }
  stop.abort();
  await Promise.all(clients);
}

type Kind = keyof Sample;

/** What stands above `bounds` on a server that has nothing to do, after time enough to become so. */
async function idle(
  server: TestServer,
  isAbove: (sample: Sample, what: Kind) => boolean,
): Promise<{ sample: Sample; above: Kind[] }> {
  const end = Date.now() + IDLE_MS;
  while (true) {
    await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS));
    const sample = await sampleOf(server);
    const above = (Object.keys(LEFT) as Kind[]).filter((what) => isAbove(sample, what));
    if (above.length === 0 || Date.now() > end) return { sample, above };
  }
}

let failed = false;
await withServer({ config: CONFIG, command: SERVER }, async (server) => {
  const tally: Tally = { requests: 0, refused: 0, dropped: 0, tasks: 0, connections: 0 };
  await until(() => existsSync(`${server.dir}/timers`));
  // What stays open from the first use of each part on is no leak.
  await load(server, { ...tally }, Date.now() + WARM_UP_MS, () => Promise.resolve());
  // Of the children the reaper alone stays.
  const { sample: before } = await idle(server, (sample, what) => what === "children" && sample[what] > 1);

  const samples: Sample[] = [];
  let shown = 0;
  await load(server, tally, Date.now() + MINUTES * 60_000, async () => {
    samples.push(await sampleOf(server));
    if (Date.now() - shown < 60_000) return;
    shown = Date.now();
    console.log(new Date().toISOString(), JSON.stringify(samples.at(-1)), JSON.stringify(tally));
  });
  const { sample: after, above } = await idle(
    server,
    (sample, what) => sample[what] > before[what] + LEFT[what]!,
  );

  console.log("| what | 1st quarter | 2nd | 3rd | last | idle before | idle after |");
  console.log("| --- | --- | --- | --- | --- | --- | --- |");
  for (const what of Object.keys(before) as Kind[]) {
    const means = [0, 1, 2, 3].map((i) => mean(quarter(samples, i), what));
    const factor = TOLERANCE[what];
    const is_grown = factor !== undefined && means[3]! > means[1]! * factor;
    const is_left = above.includes(what);
    if (is_grown || is_left) failed = true;
    const figures = [...means, before[what], after[what]].map((one) => one.toFixed(1)).join(" | ");
    console.log(`| ${what} | ${figures} |${is_grown ? " GROWN" : ""}${is_left ? " LEFT OVER" : ""}`);
  }
  console.log(
    `${tally.requests} requests, ${tally.tasks} tasks, ${tally.connections} connections, ${tally.dropped} of them dropped`,
  );
  const errors = server.stderr.split("\n").filter((line) => / (ERROR|FATAL) |Uncaught/.test(line));
  if (errors.length > 0) {
    failed = true;
    console.log(`the server logged errors:\n${errors.slice(0, 20).join("\n")}`);
  }
});
Deno.exit(failed ? 1 : 0);
