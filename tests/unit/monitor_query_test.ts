import assert from "node:assert/strict";
import fc from "fast-check";
import { PROCESS_SORT_FIELDS, ProcessFilter } from "../../src/protocol/process.ts";
import type { Process, ProcessSortField } from "../../src/protocol/process.ts";
import { type ProcessQuery, queryProcesses } from "../../src/monitor/process_query.ts";
import type { Scan } from "../../src/monitor/scan.ts";

const T0 = Date.parse("2026-01-01T00:00:00Z");

function process(pid: number, more: Partial<Process> = {}): Process {
  return {
    pid,
    name: "node",
    cmdline: "node server.js",
    status: "sleeping",
    cpu_percent: 0,
    memory_percent: 0,
    memory_rss: 0,
    create_time: T0 / 1000,
    type: "unknown",
    is_opencode: false,
    is_claude_desktop: false,
    start_time: new Date(T0).toISOString(),
    runtime_seconds: 0,
    ...more,
  };
}

function scan(processes: Process[]): Scan {
  return {
    processes: processes.map((one) => ({
      process: one,
      ppid: 1,
      started: T0,
      ...(one.task_id === undefined ? {} : { own: "child" as const }),
      ...(one.agent ? { agent: one.agent } : {}),
      discovered_at: new Date(T0).toISOString(),
    })),
    scan_duration_ms: 1,
    timestamp: new Date(T0).toISOString(),
  };
}

const SOME = scan([
  process(1, { name: "init", cmdline: "/sbin/init", cpu_percent: 1, memory_percent: 40 }),
  process(2, {
    name: "opencode",
    cmdline: "opencode run Hello",
    type: "opencode",
    agent: "opencode",
    is_opencode: true,
    status: "running",
    cpu_percent: 50,
    memory_percent: 10,
    working_dir: "/srv/a",
    create_time: T0 / 1000 + 60,
  }),
  process(3, {
    name: "claude",
    cmdline: "claude",
    type: "claude",
    agent: "claude",
    cpu_percent: 5.5,
    threads: 3,
  }),
  process(4, { name: "codex", cmdline: "codex", agent: "codex", memory_percent: 90, working_dir: "/srv/b" }),
  process(5, { name: "sh", cmdline: "sh -c x", task_id: "t", activity: "Testing", status: "stopped" }),
]);

function pids(query: Partial<ProcessQuery>): number[] {
  return queryProcesses(SOME, { limit: 50, offset: 0, ...query }).processes.map(({ pid }) => pid);
}

const CASES: [name: string, query: Partial<ProcessQuery>, expected: number[]][] = [
  ["agents and our own only", {}, [2, 3, 4, 5]],
  ["everything", { include_system_processes: true }, [1, 2, 3, 4, 5]],
  ["one type", { filter: { type: "opencode" } }, [2]],
  ["several types", { filter: { type: ["opencode", "claude"] } }, [2, 3]],
  ["status", { filter: { status: ["running", "stopped"] } }, [2, 5]],
  ["cpu from, bound included", { filter: { cpu_percent_min: 5.5 } }, [2, 3]],
  ["cpu up to", { filter: { cpu_percent_max: 5.5 } }, [3, 4, 5]],
  ["memory range", { filter: { memory_percent_min: 5, memory_percent_max: 50 } }, [2]],
  ["name, whatever its case", { filter: { name_contains: "OPENC" } }, [2]],
  ["command line, whatever its case", { filter: { cmdline_contains: "run hello" } }, [2]],
  ["working folder, with a slash at its end", { filter: { working_dir: "/srv/a/" } }, [2]],
  ["after, bound excluded", { filter: { created_after: "2026-01-01T00:00:00Z" } }, [2]],
  ["before, bound excluded", { filter: { created_before: "2026-01-01T01:01:00+01:00" } }, [3, 4, 5]],
  ["conditions add up", { filter: { type: ["unknown"], memory_percent_min: 1 } }, [4]],
  ["by cpu, most first", { sort: { field: "cpu_percent", order: "desc" } }, [2, 3, 4, 5]],
  ["absent values last, ascending", { sort: { field: "working_dir", order: "asc" } }, [2, 4, 3, 5]],
  ["absent values last, descending", { sort: { field: "working_dir", order: "desc" } }, [4, 2, 3, 5]],
  ["flags", { sort: { field: "is_opencode", order: "desc" } }, [2, 3, 4, 5]],
  ["a page", { limit: 2, offset: 1 }, [3, 4]],
  ["behind the end", { offset: 9 }, []],
];

for (const [name, query, expected] of CASES) {
  Deno.test(`process query: ${name}`, () => {
    if (query.filter) assert.ok(ProcessFilter.safeParse(query.filter).success);
    assert.deepEqual(pids(query), expected);
  });
}

Deno.test("process query: counts before and after the filter, before paging; sums over the whole scan", () => {
  const page = queryProcesses(SOME, { limit: 1, offset: 0, filter: { type: ["claude", "opencode"] } });
  assert.equal(page.total_count, 4);
  assert.equal(page.filtered_count, 2);
  assert.equal(page.processes.length, 1);
  assert.deepEqual(page.resource_summary, {
    total_cpu_percent: 56.5,
    // More than there is, since shared memory counts for each process.
    total_memory_percent: 100,
    claude_cpu_percent: 55.5,
    claude_memory_percent: 100,
  });
  assert.equal(
    queryProcesses({ ...SOME, memory_percent: 12.5 }, { limit: 1, offset: 0 }).resource_summary
      .total_memory_percent,
    12.5,
  );
});

Deno.test("process query: pages of any size and order have every process once", () => {
  const someProcess = fc.record({
    name: fc.constantFrom("a", "b"),
    cpu_percent: fc.constantFrom(0, 1, 2),
    working_dir: fc.constantFrom("/a", "/b"),
    threads: fc.constantFrom(1, 2),
  }, { requiredKeys: ["name", "cpu_percent"] });
  fc.assert(fc.property(
    fc.array(someProcess, { maxLength: 30 }),
    fc.constantFrom(...PROCESS_SORT_FIELDS),
    fc.constantFrom("asc" as const, "desc" as const),
    fc.integer({ min: 1, max: 7 }),
    (some, field: ProcessSortField, order, limit) => {
      const whole = scan(some.map((more, i) => process(i + 1, more)));
      const seen: Process[] = [];
      for (let offset = 0; offset < some.length; offset += limit) {
        seen.push(
          ...queryProcesses(whole, { include_system_processes: true, sort: { field, order }, limit, offset })
            .processes,
        );
      }
      assert.equal(seen.length, some.length);
      assert.equal(new Set(seen.map(({ pid }) => pid)).size, some.length);
      for (let i = 1; i < seen.length; i++) {
        const [left, right] = [seen[i - 1]![field], seen[i]![field]];
        if (left === right) assert.ok(seen[i - 1]!.pid < seen[i]!.pid);
        else assert.ok(left !== undefined, "absent values come last");
      }
    },
  ));
});
