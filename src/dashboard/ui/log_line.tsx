/** One line of a log: time, level, source and message; when open, also its details. */
import {
  Brain,
  CalendarClock,
  ChevronRight,
  Cog,
  Copy,
  type LucideIcon,
  MessageSquare,
  Server,
  ShieldQuestionMark,
  Terminal,
  TriangleAlert,
  Wrench,
} from "lucide-preact";
import { memo } from "preact/compat";
import { useMemo } from "preact/hooks";
import { Link } from "wouter-preact";
import { epochOf } from "../../clock/clock.ts";
import type { LogEntry } from "../../domain/log_entry.ts";
import { piecesOf } from "../data/log_text.ts";
import type { LogLine } from "../data/log_window.ts";
import { dateTime } from "../../protocol/formats.ts";
import { JsonTree } from "./json_tree.tsx";
import { now } from "./time.tsx";
import { attempt } from "./toast.tsx";
import { localTime } from "../../domain/time_zones.ts";
import { dayIn, OWN_ZONE } from "./zone.ts";
import "./log_line.css";
import "./ansi.css";

/** A message with more rows is cut until the line is opened. */
const ROWS_MAX = 40;

interface Kind {
  name: string;
  icon: LucideIcon;
}

const KINDS: Record<string, Kind> = {
  stdout: { name: "stdout", icon: Terminal },
  stderr: { name: "stderr", icon: TriangleAlert },
  agent: { name: "says", icon: MessageSquare },
  thought: { name: "thinks", icon: Brain },
  tool: { name: "tool", icon: Wrench },
  permission: { name: "permission", icon: ShieldQuestionMark },
  engine: { name: "engine", icon: Cog },
  scheduler: { name: "scheduler", icon: CalendarClock },
};

/** The kind of a line: usually its source. An agent's line at level debug is a thought. */
function kindOf({ source, level }: LogEntry): string {
  return source === "agent" && level === "debug" ? "thought" : source in KINDS ? source : "other";
}

export interface LogRowProps {
  line: LogLine;
  find: RegExp | undefined;
  /** Whether it is the search's current hit. */
  isCurrent: boolean;
  isOpen: boolean;
  withAgent: boolean;
  onToggle: (id: number) => void;
}

export const LogRow = memo(({ line, find, isCurrent, isOpen, withAgent, onToggle }: LogRowProps) => {
  const { entry, text } = line;
  const { level, agent, source } = entry;
  const kind = kindOf(entry);
  const { name, icon: Icon } = KINDS[kind] ?? { name: source, icon: Server };
  const isTask = entry.context.task_id === agent;
  return (
    <div class={`log-line log-${level} log-kind-${kind}${isCurrent ? " log-current" : ""}`}>
      <button
        type="button"
        class="log-open"
        aria-expanded={isOpen}
        aria-label={isOpen ? "Close line" : "Open line"}
        onClick={() => onToggle(line.id)}
      >
        <ChevronRight size={14} aria-hidden="true" />
      </button>
      <time class="log-time figure" dateTime={entry.time} title={dateTime(entry.time)}>
        {lineTime(entry.time)}
      </time>
      <span class="log-level">{level}</span>
      <span class="log-source clip" title={source}>
        <Icon size={13} aria-hidden="true" />
        <span class="log-source-name">{name}</span>
      </span>
      {withAgent && (isTask
        ? (
          <Link class="log-agent clip" href={`/tasks/${encodeURIComponent(agent)}?tab=log`} title={agent}>
            {agent}
          </Link>
        )
        : <span class="log-agent clip" title={agent}>{agent}</span>)}
      <Message line={line} find={find} isWhole={isOpen || isCurrent} />
      <button
        type="button"
        class="log-copy"
        // Keyboard users find the same button among the details.
        tabIndex={-1}
        aria-hidden="true"
        title="Copy line"
        onClick={() => copy(text)}
      >
        <Copy size={13} aria-hidden="true" />
      </button>
      {isOpen && <Details entry={entry} text={text} />}
    </div>
  );
});

function copy(text: string): Promise<boolean> {
  return attempt(() => navigator.clipboard.writeText(text), "Copied");
}

/** The time of day to the millisecond, with the day unless it is today. */
function lineTime(time: string): string {
  const at = epochOf(time);
  if (Number.isNaN(at)) return time;
  const wall = localTime(at, OWN_ZONE);
  const clock = `${wall.slice(11)}.${String(at % 1000).padStart(3, "0")}`;
  return wall.slice(0, 10) === dayIn(now.peek(), OWN_ZONE)
    ? clock
    : `${wall.slice(5, 10)} ${clock.slice(0, 8)}`;
}

function Message(
  { line: { entry: { message }, text }, find, isWhole }: {
    line: LogLine;
    find: RegExp | undefined;
    isWhole: boolean;
  },
) {
  const pieces = useMemo(() => piecesOf(message, text, find), [message, text, find]);
  const end = isWhole ? -1 : endOfRow(text, ROWS_MAX);
  let left = end < 0 ? Infinity : end;
  return (
    <span class="log-message">
      {pieces.map(({ text, classes, fg, bg, isHit }, i) => {
        const shown = text.slice(0, Math.max(0, left));
        left -= text.length;
        if (shown === "") return null;
        const style = {
          "--ansi-fg": fg && `rgb(${fg})`,
          "--ansi-bg": bg && `rgb(${bg})`,
        };
        const piece = classes === "" ? shown : <span key={i} class={classes} style={style}>{shown}</span>;
        return isHit ? <mark key={i}>{piece}</mark> : piece;
      })}
      {end >= 0 && <span class="log-rest">{`\n… ${text.slice(end + 1).split("\n").length} more lines`}</span>}
    </span>
  );
}

/** The index where the given row of a text ends; -1 if the text has fewer rows. */
function endOfRow(text: string, rows: number): number {
  let at = -1;
  for (let i = 0; i < rows; i++) {
    at = text.indexOf("\n", at + 1);
    if (at < 0) return -1;
  }
  return at;
}

/** The estimated number of rows of a closed line. */
export function rowsOf(text: string, columns: number): number {
  let rows = 0;
  for (let at = 0; rows < ROWS_MAX + 1;) {
    const end = text.indexOf("\n", at);
    const length = (end < 0 ? text.length : end) - at;
    rows += Math.max(1, Math.ceil(length / columns));
    if (end < 0) break;
    at = end + 1;
  }
  return rows;
}

function Details({ entry, text }: { entry: LogEntry; text: string }) {
  const { details, context, stack_trace } = entry;
  return (
    <div class="log-details">
      <div class="buttons">
        <button type="button" onClick={() => copy(text)}>Copy message</button>
        <button type="button" onClick={() => copy(JSON.stringify(entry, null, 2))}>Copy as JSON</button>
      </div>
      <dl class="facts">
        <dt>Time</dt>
        <dd>
          {dateTime(entry.time)} <span class="muted">({entry.time})</span>
        </dd>
        <dt>Agent</dt>
        <dd>{entry.agent}</dd>
        <dt>Source</dt>
        <dd>{entry.source}</dd>
      </dl>
      {stack_trace !== undefined && (
        <section>
          <strong>Stack</strong>
          <pre>{stack_trace}</pre>
        </section>
      )}
      <Tree title="Details" value={details} />
      <Tree title="Context" value={context} />
    </div>
  );
}

function Tree({ title, value }: { title: string; value: Record<string, unknown> }) {
  if (Object.keys(value).length === 0) return null;
  return (
    <section>
      <strong>{title}</strong>
      {Object.entries(value).map(([name, child]) => <JsonTree key={name} name={name} value={child} isOpen />)}
    </section>
  );
}
