/** A log to read, search and follow: of one task, or of everything that matches a filter. */
import { ArrowDown } from "lucide-preact";
import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import { Link } from "wouter-preact";
import { LINES_MAX, LogWindow, type WindowFilter } from "../data/log_window.ts";
import { usePlace } from "../hash_location.ts";
import { useShortcuts } from "../keys.ts";
import { useFind } from "./log_find.ts";
import { LevelChips, levelsIn, useLevelCounts } from "./log_levels.tsx";
import { LogRow, rowsOf } from "./log_line.tsx";
import { useFollow } from "./log_scroll.ts";
import { LogToolbar } from "./log_toolbar.tsx";
import "./log_view.css";
import { count, counted, duration } from "../../protocol/formats.ts";
import { Problem } from "./problem.tsx";
import { now } from "./time.tsx";
import { VirtualList, type VirtualListHandle } from "./virtual_list.tsx";

const ROW_PX = 24;
const COLUMN_PX = 7.2;
/** The width of what precedes a message. */
const HEAD_PX = 320;
const WRAP_KEY = "opencode-agents.log.wrap";

export interface LogViewProps {
  /** Only lines of this task or component. */
  agent?: string;
  /** More conditions for lines; the user chooses levels in the view. */
  filter?: Omit<WindowFilter, "level">;
  /** Whether lines name their task or component. */
  withAgents?: boolean;
}

/** The address holds the levels, the search text and whether the end is followed: `level`, `find`, `follow`. */
export function LogView({ agent, filter, withAgents = agent === undefined }: LogViewProps) {
  const [place, setPlace] = usePlace();
  const levels = levelsIn(place.get("level"));
  const rest: WindowFilter = { ...filter, agent: agent ?? filter?.agent };
  const about = JSON.stringify([rest, levels]);
  const log = useMemo(() => new LogWindow(levels.length === 0 ? rest : { ...rest, level: levels }), [about]);
  useEffect(() => {
    void log.openEnd();
    return () => log.close();
  }, [log]);
  log.version.value;
  const counts = useLevelCounts(log, rest, levels);
  return (
    <div class="log-view">
      <LogLines
        key={about}
        log={log}
        agent={agent}
        withAgents={withAgents}
        levels={
          <LevelChips
            chosen={levels}
            counts={counts}
            onChoose={(next) => setPlace({ level: next.join(",") })}
          />
        }
      />
    </div>
  );
}

function LogLines({ log, agent, withAgents, levels }: {
  log: LogWindow;
  agent: string | undefined;
  withAgents: boolean;
  levels: preact.ComponentChildren;
}) {
  const [place, setPlace] = usePlace();
  const [isWrapped, setWrapped] = useState(() => localStorage.getItem(WRAP_KEY) !== "no");
  const [open, setOpen] = useState<ReadonlySet<number>>(new Set());
  const handle = useRef<VirtualListHandle>(null);
  const box = useRef<HTMLDivElement>(null);
  const { lines } = log;
  const find = useFind(lines, place.get("find") ?? "", (find) => setPlace({ find }));
  const first = lines[0]?.id ?? 0;
  const follow = useFollow(log, handle, {
    isRequested: place.get("follow") !== "0",
    setRequested: (isRequested) => setPlace({ follow: isRequested ? "" : "0" }),
  });
  const step = (direction: 1 | -1) => {
    const id = find.step(direction, first + (handle.current?.seen()[0] ?? 0));
    if (id === undefined) return;
    follow.pause();
    handle.current?.toRow(id - first);
  };
  const wrap = () => {
    setWrapped(!isWrapped);
    localStorage.setItem(WRAP_KEY, isWrapped ? "no" : "yes");
  };
  const toggle = useCallback((id: number) =>
    setOpen((open) => {
      const next = new Set(open);
      if (!next.delete(id)) next.add(id);
      return next;
    }), []);
  useShortcuts([
    { key: "f", does: "Follow the log", run: follow.toggle },
    { key: "w", does: "Wrap long lines", run: wrap },
    { key: "Home", does: "First line of the log", run: follow.toStart },
    { key: "End", does: "Last line of the log", run: follow.toEnd },
  ], [log, isWrapped, follow.isFollowing]);
  useShortcuts(
    find.text === "" ? [] : [
      { key: "n", does: "Next hit", run: () => step(1) },
      { key: "N", does: "Previous hit", run: () => step(-1) },
    ],
    [log, find.text, find.current, find.count],
  );
  const columns = Math.max(20, Math.floor(((box.current?.clientWidth ?? 1000) - HEAD_PX) / COLUMN_PX));
  // The same function for the same log: a new function would make the list lay out all rows again.
  const keyOf = useCallback((index: number) => log.lines[index]?.id ?? index, [log]);
  const heightOf = (index: number) =>
    4 + (ROW_PX - 4) * rowsOf(log.lines[index]?.text ?? "", isWrapped ? columns : Infinity);
  return (
    <>
      <LogToolbar
        find={find}
        onStep={step}
        isFollowing={follow.isFollowing}
        canFollow={log.isLive}
        onFollow={follow.toggle}
        isWrapped={isWrapped}
        onWrap={wrap}
        onStart={follow.toStart}
        onEnd={follow.toEnd}
        lines={lines}
        name={agent ?? "opencode-agents"}
      />
      <div class="log-bar">
        {levels}
        <Counts log={log} />
      </div>
      <Notices log={log} agent={agent} />
      <div
        class={`log-box${isWrapped ? " log-wrapped" : ""}${withAgents ? " log-with-agents" : ""}`}
        ref={box}
        {...follow.listeners}
      >
        {lines.length === 0 ? <NoLines log={log} /> : (
          <VirtualList
            key={log.opening}
            class="log-list"
            label="Log lines"
            count={lines.length}
            estimated_height={heightOf}
            keyOf={keyOf}
            handle={handle}
            onScroll={follow.scrolled}
            overscan={12}
            isAnchored
            isFollowing={follow.isFollowing}
            layout={`${isWrapped}`}
            row={(index) => {
              const line = lines[index];
              return line && (
                <LogRow
                  line={line}
                  find={find.pattern}
                  isCurrent={find.current === line.id}
                  isOpen={open.has(line.id)}
                  withAgent={withAgents}
                  onToggle={toggle}
                />
              );
            }}
          />
        )}
        {follow.unseen > 0 && (
          <button type="button" class="primary log-new" onClick={follow.toEnd}>
            <ArrowDown size={16} aria-hidden="true" />
            {counted(follow.unseen, "new line")}
          </button>
        )}
      </div>
    </>
  );
}

/** How many lines there are, how many are loaded, and whether more are coming. */
function Counts({ log }: { log: LogWindow }) {
  if (log.phase !== "there") return null;
  const matching = Object.values(log.counts).reduce((sum, count) => sum + count, 0);
  return (
    <span class="log-counts muted figure">
      <span>
        {counted(matching, "line")}
        {matching < log.total && ` of ${count(log.total)}`}
      </span>
      {log.lines.length < matching && <span>{count(log.lines.length)} loaded</span>}
      {log.isLive && <span class="log-live">live</span>}
    </span>
  );
}

function Notices({ log, agent }: { log: LogWindow; agent: string | undefined }) {
  const [place] = usePlace();
  const wait_ms = (log.waits_until ?? 0) - now.value;
  const older = new URLSearchParams(place);
  older.delete("tab");
  if (agent !== undefined) older.set("agent", agent);
  older.set("range", "custom");
  older.set("to", log.lines[0]?.entry.time ?? "");
  return (
    <>
      {log.error !== undefined && (
        <div class="log-problem">
          <Problem what="The log cannot be read any further" error={log.error} />
          <button type="button" onClick={() => void log.openEnd()}>Try again</button>
        </div>
      )}
      {wait_ms > 0 && (
        <div class="notice notice-warning" role="status">
          The server limits log queries per minute. More lines load in{" "}
          {duration(Math.ceil(wait_ms / 1000) * 1000)}.
        </div>
      )}
      {(log.hasDropped || (log.isFull && log.hasOlder)) && (
        <div class="notice">
          This page keeps at most {count(LINES_MAX)} lines. Older lines are not shown.{" "}
          <Link href={`/server/logs?${older}`}>Show earlier lines</Link>
        </div>
      )}
    </>
  );
}

function NoLines({ log }: { log: LogWindow }) {
  if (log.phase === "failed") return null;
  if (log.phase === "opening") return <div class="empty">Loading the newest lines…</div>;
  return (
    <div class="empty">
      <strong>{log.total === 0 ? "The log is empty" : "No line matches"}</strong>
      <p>
        {log.isLive
          ? "Lines appear here as soon as they are written."
          : "Nothing was written in this time range. Choose another."}
      </p>
    </div>
  );
}
