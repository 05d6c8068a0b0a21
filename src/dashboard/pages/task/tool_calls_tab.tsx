/** The agent's tool calls: purpose, files, input, result and time. */
import {
  Brain,
  ChevronRight,
  FilePenLine,
  FileText,
  FolderInput,
  Globe,
  Search,
  SquareTerminal,
  Trash2,
  Wrench,
} from "lucide-preact";
import { useMemo, useState } from "preact/hooks";
import { duration, timeOfDay } from "../../../protocol/formats.ts";
import { printable } from "../../data/log_text.ts";
import { Problem } from "../../ui/problem.tsx";
import { Lasting } from "../../ui/time.tsx";
import { isFinished } from "../../../domain/task_values.ts";
import { DiffCounts, DiffView } from "./diff_view.tsx";
import type { TabProps } from "./tab_props.ts";
import { callsOf, durationOf, type ToolCall } from "./tool_calls.ts";
import { Places, ValueView } from "./value_view.tsx";
import "./tool_calls_tab.css";

/** Icons for the kinds of tools that ACP defines. */
const ICONS: Record<string, typeof Wrench> = {
  read: FileText,
  edit: FilePenLine,
  delete: Trash2,
  move: FolderInput,
  search: Search,
  execute: SquareTerminal,
  think: Brain,
  fetch: Globe,
};

/** Calls drawn at first; the user can ask for more. */
const CALLS = 200;

export function ToolCallsTab({ task, tools }: TabProps) {
  const calls = useMemo(() => callsOf(tools.entries), [tools.entries]);
  const isOver = isFinished(task.status);
  const [most, setMost] = useState(CALLS);
  const shown = calls.slice(-most);
  return (
    <div class="card">
      <h2>
        Tool calls <span class="muted figure">{calls.length || ""}</span>
      </h2>
      {tools.error !== undefined && <Problem what="The tool calls cannot be shown" error={tools.error} />}
      {tools.mayLack && <p class="muted">Only the newest calls are shown. The log has all of them.</p>}
      {calls.length > most && (
        <p>
          <button type="button" onClick={() => setMost(most + CALLS)}>Show {CALLS} earlier ones</button>
        </p>
      )}
      {calls.length === 0
        ? (
          <p class="muted">
            {!tools.isThere
              ? "Reading the log…"
              : isOver
              ? "No tool calls were reported. Agents that speak ACP report theirs; plain commands do not."
              : "No tool calls so far. Agents that speak ACP report theirs; plain commands do not."}
          </p>
        )
        : (
          <ol class="calls" aria-label="Tool calls">
            {shown.map((call, index) => (
              <Call
                key={call.key}
                call={call}
                isOver={isOver || call.attempt !== task.attempt}
                attempt={call.attempt !== shown[index - 1]?.attempt ? call.attempt : undefined}
              />
            ))}
          </ol>
        )}
    </div>
  );
}

const STATES: Record<string, string> = {
  pending: "waits",
  in_progress: "at work",
  completed: "done",
  failed: "failed",
};

interface CallProps {
  call: ToolCall;
  /** Whether its attempt has ended, and with it every call. */
  isOver: boolean;
  /** The attempt's number, shown above its first call. */
  attempt: number | undefined;
}

function Call({ call, isOver, attempt }: CallProps) {
  const { title, kind, status, started_at, locations, input, error, diffs, output } = call;
  const [isOpen, setOpen] = useState(false);
  const Icon = ICONS[kind] ?? Wrench;
  const took = durationOf(call);
  const isBroken = took === undefined && isOver;
  const state = isBroken ? "cut off" : STATES[status] ?? status;
  return (
    <li>
      {attempt !== undefined && attempt > 1 && <h3 class="calls-attempt">Attempt {attempt}</h3>}
      <details
        class={`call is-${isBroken ? "failed" : status}`}
        onToggle={({ currentTarget }) => setOpen(currentTarget.open)}
      >
        <summary>
          <ChevronRight size={15} aria-hidden="true" class="call-chevron" />
          <Icon size={17} aria-hidden="true" />
          <span class="call-title clip" title={title}>{title}</span>
          <DiffCounts diffs={diffs} />
          <span class="call-state">{state}</span>
          <span class="call-took figure muted">
            {took !== undefined ? duration(took) : isBroken ? "" : <Lasting from={started_at} />}
          </span>
          <time class="call-time figure muted" dateTime={started_at}>{timeOfDay(started_at)}</time>
        </summary>
        {isOpen && (
          <div class="call-body">
            {error && <pre class="call-error">{error}</pre>}
            <Places paths={locations} />
            {input !== undefined && <ValueView value={input} />}
            {output !== "" && <pre class="call-output" aria-label="Output">{printable(output)}</pre>}
            {diffs.map((diff, index) => (
              <div key={index}>
                {diffs.length > 1 && <code class="call-file">{diff.path}</code>}
                <DiffView diff={diff} label={`Change of ${diff.path}`} />
              </div>
            ))}
            {!error && locations.length === 0 && input === undefined && output === "" && (
              <p class="muted">The agent reported no details.</p>
            )}
          </div>
        )}
      </details>
    </li>
  );
}
