/** Processes as a table that its headings sort; a row opens to its details. */
import { ChevronDown, ChevronRight } from "lucide-preact";
import { Fragment } from "preact";
import { useState } from "preact/hooks";
import { Link } from "wouter-preact";
import type { Process } from "../../../protocol/process.ts";
import { usePlace } from "../../hash_location.ts";
import { bytes, duration, percent } from "../../../protocol/formats.ts";
import { AgentIcon } from "./agent_icon.tsx";
import { ProcessDetails } from "./process_details.tsx";
import { type Column, COLUMNS, kindNames, kindOf, type View } from "./process_list.ts";
import "./process_table.css";

/** Rows drawn at first; the user can ask for more. */
const ROWS = 100;

export interface ProcessTableProps {
  processes: readonly Process[];
  view: View;
  reload: () => void;
}

export function ProcessTable({ processes, view, reload }: ProcessTableProps) {
  const [place, setPlace] = usePlace();
  const [most, setMost] = useState(ROWS);
  const open = Number(place.get("pid"));
  const chosen = processes.find(({ pid }) => pid === open);
  const rows = processes.slice(0, most);
  // A link may point to a process far down.
  if (chosen && !rows.includes(chosen)) rows.unshift(chosen);
  const sortBy = (key: string) =>
    setPlace({ sort: key, order: view.sort === key && view.isDescending ? "asc" : "" });
  return (
    <>
      <div class="table-scroll">
        <table class="processes">
          <thead>
            <tr>
              {COLUMNS.map((column) => <Head key={column.key} column={column} view={view} sortBy={sortBy} />)}
            </tr>
          </thead>
          <tbody>
            {rows.map((process) => (
              <Fragment key={process.pid}>
                <Row
                  process={process}
                  isOpen={process.pid === open}
                  toggle={() => setPlace({ pid: process.pid === open ? "" : String(process.pid) })}
                />
                {process.pid === open && (
                  <tr class="process-open">
                    <td colSpan={COLUMNS.length}>
                      <ProcessDetails process={process} reload={reload} />
                    </td>
                  </tr>
                )}
              </Fragment>
            ))}
          </tbody>
        </table>
      </div>
      {processes.length > most && (
        <p class="processes-more">
          <span class="muted">{most} of {processes.length} shown</span>
          <button type="button" onClick={() => setMost(most + 5 * ROWS)}>Show more</button>
        </p>
      )}
    </>
  );
}

interface HeadProps {
  column: Column;
  view: View;
  sortBy: (key: string) => void;
}

function Head({ column: { key, name, isNumber, isMinor }, view, sortBy }: HeadProps) {
  const order = view.sort !== key ? "none" : view.isDescending ? "descending" : "ascending";
  return (
    <th scope="col" aria-sort={order} class={classes(isNumber, isMinor)}>
      <button type="button" onClick={() => sortBy(key)}>
        {name}
        <span class="sort-mark" aria-hidden="true">
          {order === "none" ? "" : order === "ascending" ? "↑" : "↓"}
        </span>
      </button>
    </th>
  );
}

function classes(isNumber = false, isMinor = false): string {
  return `${isNumber ? "number" : ""} ${isMinor ? "minor" : ""}`.trim();
}

function Row({ process, isOpen, toggle }: { process: Process; isOpen: boolean; toggle: () => void }) {
  const { pid, name, cmdline, task_id, cpu_percent, memory_rss, threads, open_files } = process;
  const kind = kindOf(process);
  return (
    <tr class={isOpen ? "is-open" : ""}>
      <td class="number">
        <button
          type="button"
          class="process-pid"
          aria-expanded={isOpen}
          aria-label={`Process ${pid}, ${name}`}
          onClick={toggle}
        >
          {isOpen ? <ChevronDown size={14} /> : <ChevronRight size={14} />}
          {pid}
        </button>
      </td>
      <td class="process-name">
        <span class="clip" title={name}>{name}</span>
        {process.status !== "sleeping" && (
          <span class={`process-status is-${process.status}`}>{process.status}</span>
        )}
      </td>
      <td class="minor process-command">
        <code class="clip" title={cmdline}>{cmdline}</code>
      </td>
      <td class="minor">
        <span class={kind === "other" ? "muted" : `kind kind-${kind}`}>
          <AgentIcon agent={process.agent} /> {kindNames.value[kind] ?? kind}
        </span>
      </td>
      <td class="process-task">
        {task_id === undefined
          ? <span class="muted">–</span>
          : <Link class="clip" href={`/tasks/${encodeURIComponent(task_id)}`} title={task_id}>{task_id}
          </Link>}
      </td>
      <td class="number figure">{percent(cpu_percent)}</td>
      <td class="number figure">{bytes(memory_rss)}</td>
      <td class="number figure minor">{threads ?? "–"}</td>
      <td class="number figure minor">{open_files ?? "–"}</td>
      <td class="number figure">{duration(1000 * process.runtime_seconds)}</td>
    </tr>
  );
}
