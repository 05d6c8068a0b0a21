/** One process: all details, its usage over time, and the button that ends it. */
import { useState } from "preact/hooks";
import { Link } from "wouter-preact";
import type { KillSignal, Process } from "../../../protocol/process.ts";
import { processUsage } from "../../data/machine.ts";
import { client } from "../../data/server.ts";
import { dateTime } from "../../../protocol/formats.ts";
import { Problem } from "../../ui/problem.tsx";
import { toastDone } from "../../ui/toast.tsx";
import { KillDialog } from "./kill_dialog.tsx";
import { isEndable, kindNames, kindOf } from "./process_list.ts";
import { UsageCharts } from "../../ui/usage_charts.tsx";
import "./process_details.css";

export interface ProcessDetailsProps {
  process: Process;
  reload: () => void;
}

export function ProcessDetails({ process, reload }: ProcessDetailsProps) {
  const { pid, name, cmdline, task_id } = process;
  const [isAsking, setAsking] = useState(false);
  const [sending, setSending] = useState<KillSignal>();
  const [refusal, setRefusal] = useState<{ signal: KillSignal; error: unknown }>();
  const kind = kindOf(process);
  const kill = async (signal: KillSignal) => {
    setSending(signal);
    setRefusal(undefined);
    try {
      await client.request("kill_process", { pid, signal });
      toastDone(said(signal, pid, name));
      reload();
    } catch (error) {
      setRefusal({ signal, error });
    } finally {
      setSending(undefined);
    }
  };
  const facts: [string, unknown][] = [
    ["Type", kindNames.value[kind] ?? kind],
    ["Status", process.status],
    ["Folder", process.working_dir],
    ["Does", process.activity],
    ["Started", dateTime(process.start_time)],
    ["Threads", process.threads],
    ["Open files", process.open_files],
    ["Connections", process.connections],
  ];
  const unknown = facts.filter(([fact, value]) => !value && value !== 0 && fact !== "Does");
  return (
    <div class="process-details">
      <pre class="process-line">{cmdline}</pre>
      <div class="process-body">
        <dl class="facts">
          {task_id !== undefined && (
            <>
              <dt>Task</dt>
              <dd>
                <Link href={`/tasks/${encodeURIComponent(task_id)}`}>{task_id}</Link>
              </dd>
            </>
          )}
          {facts.filter(([, value]) => value !== undefined && value !== "").map(([fact, value]) => (
            <>
              <dt>{fact}</dt>
              <dd>{String(value)}</dd>
            </>
          ))}
          {unknown.length > 0 && (
            <>
              <dt>Not reported</dt>
              <dd class="muted">{unknown.map(([fact]) => fact.toLowerCase()).join(", ")}</dd>
            </>
          )}
        </dl>
        <UsageCharts of={`process ${pid}`} samples={processUsage.value.get(pid) ?? []} />
      </div>
      {refusal && <Problem what={`${refusal.signal} to process ${pid} did not work`} error={refusal.error} />}
      {isEndable(process)
        ? (
          <button
            type="button"
            class="danger process-kill"
            disabled={sending !== undefined}
            onClick={() => setAsking(true)}
          >
            {sending === undefined
              ? "End or signal this process…"
              : `Sending ${sending} and waiting for the process to end…`}
          </button>
        )
        : (
          <p class="muted process-kept">
            You cannot end it from here: it is not a coding agent, and this server did not start it for a
            task.
          </p>
        )}
      {isAsking && (
        <KillDialog
          process={process}
          onKill={(signal) => void kill(signal)}
          onClose={() => setAsking(false)}
        />
      )}
    </div>
  );
}

function said(signal: KillSignal, pid: number, name: string): string {
  if (signal === "SIGSTOP") return `Process ${pid} (${name}) is stopped`;
  if (signal === "SIGCONT") return `Process ${pid} (${name}) continues`;
  return `Process ${pid} (${name}) has ended`;
}
