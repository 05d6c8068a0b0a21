/** The processes of agents or of the whole machine: searched, sorted, with details. */
import { RefreshCw } from "lucide-preact";
import type { Process } from "../../../protocol/process.ts";
import { PROCESS_STATUSES } from "../../../protocol/process_statuses.ts";
import { type Answer, useAnswer } from "../../data/answer.ts";
import { noteProcesses, processScan } from "../../data/machine.ts";
import { ask } from "../../data/server.ts";
import { usePlace } from "../../hash_location.ts";
import { useShortcuts } from "../../keys.ts";
import { timeOfDay } from "../../../protocol/formats.ts";
import { Problem } from "../../ui/problem.tsx";
import { kindNames, shown, type View, viewOf } from "./process_list.ts";
import { knownMakes, useKnownAgents } from "../../data/known_agents.ts";
import { ProcessTable } from "./process_table.tsx";
import "./processes.css";

/** The most that one request returns. */
const LIST_MAX = 1000;

interface Listed {
  processes: Process[];
  timestamp: string;
  isWhole: boolean;
}

async function list(isWhole: boolean): Promise<Listed> {
  const { data } = await ask("request_process_list", {
    include_system_processes: isWhole,
    limit: LIST_MAX,
    sort: { field: "cpu_percent", order: "desc" },
  });
  noteProcesses(data, isWhole);
  return { ...data, isWhole };
}

/** The requested processes, with newer figures for those that scans cover. */
function current(isWhole: boolean, { value }: Answer<Listed>): Omit<Listed, "isWhole"> | undefined {
  const scan = processScan.value;
  if (!isWhole) return scan;
  if (!value?.isWhole) return undefined;
  if (scan === undefined || scan.timestamp <= value.timestamp) return value;
  const newer = new Map(scan.processes.map((process) => [process.pid, process]));
  const processes = value.processes.map((process) => {
    const told = newer.get(process.pid);
    newer.delete(process.pid);
    return told ?? process;
  });
  return { processes: [...processes, ...newer.values()], timestamp: value.timestamp };
}

export function Processes() {
  useKnownAgents();
  const [place, setPlace] = usePlace();
  const view = viewOf(place);
  const isWhole = place.get("all") === "1";
  // The server pushes agents' processes; other processes must be requested.
  const answer = useAnswer(() => list(isWhole), 0, String(isWhole));
  useShortcuts([{ key: "r", does: "Refresh the process list", run: () => void answer.reload() }], [isWhole]);
  const known = current(isWhole, answer);
  const rows = known && shown(known.processes, view);
  return (
    <section aria-labelledby="processes">
      <div class="head processes-head">
        <h2 id="processes">
          Processes {known && <span class="muted figure">{known.processes.length}</span>}
        </h2>
        <div class="buttons">
          {known && <span class="muted figure">as of {timeOfDay(known.timestamp)}</span>}
          <button type="button" onClick={() => void answer.reload()} disabled={answer.isAsking}>
            <RefreshCw size={16} aria-hidden="true" /> Refresh
          </button>
        </div>
      </div>
      <Filters view={view} isWhole={isWhole} change={setPlace} />
      {answer.error !== undefined && <Problem what="Processes cannot be listed" error={answer.error} />}
      {rows && (
        <div class="card processes-card">
          {rows.length > 0
            ? <ProcessTable processes={rows} view={view} reload={() => void answer.reload()} />
            : <NoProcesses isFiltered={known!.processes.length > 0} isWhole={isWhole} />}
        </div>
      )}
      {rows === undefined && answer.error === undefined && (
        <div class="card empty">Loading the processes…</div>
      )}
      <p class="muted processes-note">
        You can end only agents and processes that this server started for a task. The server refuses all
        others.
      </p>
    </section>
  );
}

interface FiltersProps {
  view: View;
  isWhole: boolean;
  change: (change: Record<string, string>) => void;
}

function Filters({ view, isWhole, change }: FiltersProps) {
  return (
    <div class="filters" role="search" aria-label="Processes">
      <input
        type="search"
        aria-label="Search processes"
        placeholder="Name, command, pid, task"
        value={view.text}
        onInput={({ currentTarget }) => change({ q: currentTarget.value })}
      />
      <select
        aria-label="Type"
        value={view.kind}
        onChange={({ currentTarget }) => change({ type: currentTarget.value })}
      >
        <option value="">Any type</option>
        {Object.entries(kindNames.value).map(([kind, name]) => <option key={kind} value={kind}>{name}
        </option>)}
      </select>
      <select
        aria-label="Status"
        value={view.status}
        onChange={({ currentTarget }) => change({ status: currentTarget.value })}
      >
        <option value="">Any status</option>
        {PROCESS_STATUSES.map((status) => <option key={status} value={status}>{status}</option>)}
      </select>
      <label class="check">
        <input
          type="checkbox"
          checked={isWhole}
          onChange={({ currentTarget }) => change({ all: currentTarget.checked ? "1" : "", pid: "" })}
        />
        All processes of this machine
      </label>
    </div>
  );
}

function NoProcesses({ isFiltered, isWhole }: { isFiltered: boolean; isWhole: boolean }) {
  const agents = new Intl.ListFormat("en").format(knownMakes.value.map(({ display_name }) => display_name));
  return (
    <div class="empty">
      <strong>{isFiltered ? "No process matches" : "No agent's process is running"}</strong>
      {isFiltered
        ? "Remove a filter to see more."
        : !isWhole && agents !== "" && `The processes of ${agents} appear here, no matter who started them.`}
    </div>
  );
}
