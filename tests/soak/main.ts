/**
 * `deno task soak [MINUTES]` (60 by default): the real server under mixed load, its memory, open files, threads and
 * children looked at every few seconds. Fails when the last quarter stands above the second.
 */
import { withServer } from "../fixtures/server.ts";
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
};

const MAIN = new URL("../../opencode-agents.ts", import.meta.url).pathname;
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

let failed = false;
await withServer({ config: CONFIG }, async (server) => {
  const tally: Tally = { requests: 0, refused: 0, dropped: 0, tasks: 0, connections: 0 };
  const end = Date.now() + MINUTES * 60_000;
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
  const samples: Sample[] = [];
  let shown = 0;
  while (Date.now() < end) {
    await Promise.race([dead, new Promise((resolve) => setTimeout(resolve, SAMPLE_MS))]);
    samples.push(await sampleOf(server));
    if (Date.now() - shown > 60_000) {
      shown = Date.now();
      console.log(new Date().toISOString(), JSON.stringify(samples.at(-1)), JSON.stringify(tally));
    }
  }
  stop.abort();
  await Promise.all(clients);

  console.log("| what | 1st quarter | 2nd | 3rd | last |\n| --- | --- | --- | --- | --- |");
  for (const what of Object.keys(samples[0]!) as (keyof Sample)[]) {
    const means = [0, 1, 2, 3].map((i) => mean(quarter(samples, i), what));
    const factor = TOLERANCE[what];
    const grown = factor !== undefined && means[3]! > means[1]! * factor;
    if (grown) failed = true;
    console.log(`| ${what} | ${means.map((one) => one.toFixed(1)).join(" | ")} |${grown ? " GROWN" : ""}`);
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
