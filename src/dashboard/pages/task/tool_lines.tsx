/** Tool calls as lines of the timeline: what was done, to what, with which result. Each unfolds. */
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
import { useState } from "preact/hooks";
import { counted, duration } from "../../../protocol/formats.ts";
import { Lasting } from "../../ui/time.tsx";
import { CallBody } from "./call_body.tsx";
import { DiffCounts } from "./diff_view.tsx";
import { durationOf, type ToolCall } from "./tool_calls.ts";
import { type Gathered, gathered, wordsOf } from "./tool_words.ts";
import "./tool_lines.css";

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

export interface ToolLinesProps {
  calls: readonly ToolCall[];
  /** Whether a call's attempt has ended, and with it every call. */
  isOver: (call: ToolCall) => boolean;
  /** The task's folder, as far as it is known. */
  root: string | undefined;
}

export function ToolLines({ calls, isOver, root }: ToolLinesProps) {
  return (
    <ul class="tool-lines" aria-label="Tool calls">
      {gathered(calls).map((line) =>
        "calls" in line
          ? <Looks key={line.key} looks={line} isOver={isOver} root={root} />
          : <Line key={line.key} call={line} isOver={isOver(line)} root={root} />
      )}
    </ul>
  );
}

/** Reading and searching in one line. */
function Looks({ looks: { calls }, isOver, root }: Omit<ToolLinesProps, "calls"> & { looks: Gathered }) {
  const [isOpen, setOpen] = useState(false);
  const searches = calls.filter(({ kind }) => kind === "search").length;
  const files = new Set(
    calls.flatMap(({ kind, key, title, locations }) =>
      kind === "search" ? [] : locations.length > 0 ? locations : [title || key]
    ),
  ).size;
  const parts = [
    files > 0 && counted(files, "file"),
    searches > 0 && counted(searches, "search", "searches"),
  ];
  const took = calls.reduce((sum, call) => sum + (durationOf(call) ?? 0), 0);
  return (
    <li>
      <details class="tool-line" onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
        <summary>
          <ChevronRight size={14} aria-hidden="true" class="tool-chevron" />
          <Search size={14} aria-hidden="true" />
          <span class="clip">Looked around: {parts.filter(Boolean).join(", ")}</span>
          <span class="tool-end figure">{duration(took)}</span>
        </summary>
        {isOpen && (
          <ul class="tool-lines is-inner">
            {calls.map((call) => <Line key={call.key} call={call} isOver={isOver(call)} root={root} />)}
          </ul>
        )}
      </details>
    </li>
  );
}

function Line({ call, isOver, root }: { call: ToolCall; isOver: boolean; root: string | undefined }) {
  const { title, kind, status, started_at, diffs } = call;
  const took = durationOf(call);
  const isCutOff = took === undefined && isOver;
  const hasFailed = status === "failed";
  const [isOpen, setOpen] = useState(hasFailed);
  const { verb, object, isCode } = wordsOf(call, took !== undefined || isOver, root);
  const Icon = ICONS[kind] ?? Wrench;
  return (
    <li>
      <details
        class={`tool-line${took === undefined && !isOver ? " is-live" : ""}`}
        open={isOpen}
        onToggle={({ currentTarget }) => setOpen(currentTarget.open)}
      >
        <summary title={title}>
          <ChevronRight size={14} aria-hidden="true" class="tool-chevron" />
          <Icon size={14} aria-hidden="true" />
          <span class="clip">{verb} {isCode ? <code dir="ltr">{object}</code> : object}</span>
          <span class="tool-end figure">
            <DiffCounts diffs={diffs} />
            {hasFailed && <span class="tool-failed">failed</span>}
            {isCutOff && <span class="tool-failed">cut off</span>}
            {took !== undefined ? duration(took) : !isCutOff && <Lasting from={started_at} />}
          </span>
        </summary>
        {isOpen && <CallBody call={call} />}
      </details>
    </li>
  );
}
