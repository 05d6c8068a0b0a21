/** A scan of all processes, beside what `ps` takes by itself, turn by turn. */
import { BUILT_IN_MAKES } from "../../src/agents/makes/built_in.ts";
import { createClassifier } from "../../src/monitor/classify.ts";
import { systemClock } from "../../src/clock/clock.ts";
import { createProcessScan } from "../../src/host/processes/process_scan.ts";
import type { ProcessSource } from "../../src/host/processes/process_source.ts";
import { openProcfs } from "../../src/host/processes/procfs.ts";
import { ourOs, PS_COLUMNS } from "../../src/host/processes/ps.ts";
import { openPs } from "../../src/host/processes/ps_source.ts";
import { createProcessScanner } from "../../src/monitor/scanner.ts";
import { type Figure, median } from "./figure.ts";

const PROCESSES = 300;
const ROUNDS = 40;
const GOAL_RATIO = 1.3;

async function timed(action: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await action();
  return performance.now() - begun;
}

/** Each call is a scan of its own, classified and measured. */
function scanWith(source: ProcessSource): () => Promise<number> {
  const processes = createProcessScan(systemClock, source);
  const scanner = createProcessScanner({
    classify: createClassifier(BUILT_IN_MAKES.recognizers),
    clock: systemClock,
    source,
    processes,
    ownChildren: () => new Map(),
  });
  return () => {
    scanner.expire();
    return timed(() => scanner.scan());
  };
}

export async function scan(): Promise<Figure[]> {
  const sleepers = Array.from(
    { length: PROCESSES },
    () => new Deno.Command("sleep", { args: ["600"], stdin: "null" }).spawn(),
  );
  try {
    const plain = () =>
      timed(() =>
        new Deno.Command("ps", { args: ["axww", "-o", PS_COLUMNS[ourOs()]], env: { LC_ALL: "C", TZ: "UTC" } })
          .output()
      );
    const procfs = openProcfs(systemClock);
    const ways = [plain, scanWith(openPs(systemClock)), ...(procfs ? [scanWith(procfs)] : [])];
    const times: number[][] = ways.map(() => []);
    // The first scan takes two looks.
    for (const way of ways) await way();
    for (let round = 0; round < ROUNDS; round++) {
      for (const [i, way] of ways.entries()) times[i]!.push(await way());
    }
    const [ps_ms, scan_ms, proc_ms] = times.map(median) as [number, number, number?];
    const ratio = scan_ms / ps_ms;
    return [
      {
        what: `process scan through \`ps\`, beside \`ps\` alone (${
          ps_ms.toFixed(1)
        } ms, over ${PROCESSES} processes)`,
        measured: `${ratio.toFixed(2)} times`,
        goal: `≤ ${GOAL_RATIO} times`,
        met: ratio <= GOAL_RATIO,
      },
      ...(proc_ms === undefined ? [] : [{
        what: "process scan through /proc, beside `ps` alone",
        measured: `${(proc_ms / ps_ms).toFixed(2)} times`,
        goal: `≤ ${GOAL_RATIO} times`,
        met: proc_ms / ps_ms <= GOAL_RATIO,
      }]),
    ];
  } finally {
    for (const sleeper of sleepers) sleeper.kill("SIGKILL");
    await Promise.all(sleepers.map((sleeper) => sleeper.status));
  }
}
