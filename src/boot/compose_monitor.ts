/** Wires the monitor: the machine, the server's health and its metrics. */
import { BUILT_IN_MAKES } from "../agents/makes/built_in.ts";
import type { Masker } from "../domain/masking.ts";
import type { Engine } from "../engine/engine.ts";
import type { UsageReports } from "../engine/usage_reports.ts";
import { HealthMonitor } from "../monitor/health.ts";
import { createMachine } from "../monitor/machine.ts";
import { FailureCounts } from "../read/failure_counts.ts";
import { Prometheus } from "../monitor/prometheus.ts";
import { RequestMetrics } from "../monitor/request_metrics.ts";
import type { Store } from "../store/open.ts";
import { sandboxFindings } from "./checks/sandboxes.ts";
import type { ComposeOptions } from "./compose_options.ts";
import type { Access } from "./compose_access.ts";

export type Monitor = ReturnType<typeof composeMonitor>;

export function composeMonitor(
  { clock, config, folder, ability, sandboxes, processFindings = () => [] }: ComposeOptions,
  store: Store,
  { queries }: Engine,
  usage: UsageReports,
  { limits, certificate }: Access,
  masker: Masker,
) {
  const started_ms = clock.monotonic();
  const failures = new FailureCounts(store.changes, store.node.node);
  const metrics = new RequestMetrics(clock, config.monitor.metrics);
  const machine = createMachine(
    clock,
    folder,
    () => queries.children(),
    BUILT_IN_MAKES.recognizers,
    masker,
    ability,
  );
  return {
    metrics,
    machine,
    health: new HealthMonitor(clock, {
      websocket_server: () => [...limits.findings(), ...certificate?.findings() ?? [], ...processFindings()],
      task_manager: async () => {
        await ability?.tried();
        return [...queries.findings(), ...await sandboxFindings(config.agents, sandboxes)];
      },
      process_monitoring: () => machine.processFindings(),
      file_monitoring: () => machine.diskFindings(),
      database: () => store.probe().then(() => []),
    }),
    prometheus: new Prometheus({
      requests: () => metrics.ever(),
      usage: async () => (await usage.report({ group_by: ["agent", "model"], isOver: true })).rows,
      connections: () => limits.connections,
      tasks: () => queries.summary(),
      agents: () => queries.agents().length,
      failures: () => failures.all(),
      held: () => queries.heldAgents(),
      log_bytes: () => store.logs.bytes,
      uptime_seconds: () => (clock.monotonic() - started_ms) / 1000,
      resident_bytes: () => Deno.memoryUsage().rss,
    }),
  };
}
