/** The task as one conversation: its timeline, what the agent asks, and the composer below. */
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { Link } from "wouter-preact";
import type { Task } from "../../../domain/task.ts";
import { isFinished } from "../../../domain/task_values.ts";
import { knownAgents, useKnownAgents } from "../../data/known_agents.ts";
import { folderOf } from "../../../domain/task_folder.ts";
import { Glyph } from "../../ui/glyph.tsx";
import { Problem } from "../../ui/problem.tsx";
import { StaleNote } from "../../ui/stale_note.tsx";
import { Lasting } from "../../ui/time.tsx";
import { WaitsFor } from "../../ui/waits_for.tsx";
import { agentName } from "./agent_name.ts";
import { CheckLines } from "./check_lines.tsx";
import { Composer } from "./composer.tsx";
import { Plan } from "./plan.tsx";
import { PermissionPanels } from "./permission_panel.tsx";
import { FeedbackPanel } from "./pull_request.tsx";
import { QuestionPanels } from "./question_panel.tsx";
import { SaidEntry, TroubleEntry, TurnLine } from "./said.tsx";
import { SAYS, useTaskLog } from "./task_log.ts";
import type { TabProps } from "./tab_props.ts";
import { TaskFacts } from "./task_facts.tsx";
import { type Entry, timelineOf } from "./timeline.ts";
import { callsOf, type ToolCall } from "./tool_calls.ts";
import { ToolLines } from "./tool_lines.tsx";
import "./conversation.css";

/** Entries drawn at first; the user can ask for more. */
const ENTRIES = 150;

export function ConversationTab({ task, result, tools, conversation }: TabProps) {
  useKnownAgents();
  const says = useTaskLog(task.id, SAYS, true);
  const { messages } = conversation;
  const { turns = [], attempts = [] } = result.value ?? {};
  const calls = useMemo(() => callsOf(tools.entries), [tools.entries]);
  const entries = useMemo(
    () => timelineOf({ messages, notes: says.entries, calls, turns, attempts }),
    [messages, says.entries, calls, result.value],
  );
  const agent = agentName(task, attempts) ?? "the agent";
  const known = knownAgents.value.find(({ name }) => name === agent);
  const isCommand = known?.protocol === "command";
  const scroll = useStickToEnd(entries);
  return (
    <div class="talk">
      <div class="talk-main">
        <div
          ref={scroll.box}
          class="talk-flow"
          tabIndex={0}
          role="region"
          aria-label="Timeline"
          onScroll={scroll.onScroll}
        >
          <div class="talk-entries">
            {conversation.error !== undefined && (
              <Problem what="The conversation cannot be shown" error={conversation.error} />
            )}
            <Timeline task={task} entries={entries} agent={agent} isPlain={isCommand} />
            <Present task={task} isCommand={isCommand} />
            <StaleNote task={task} />
          </div>
        </div>
        <div class="talk-dock">
          <PermissionPanels task={task} />
          <QuestionPanels task={task} />
          <FeedbackPanel task={task} agent={agent} />
          {isCommand ? <p class="muted talk-note">A command takes no messages.</p> : (
            <Composer
              key={task.id}
              task={task}
              agent={agent}
              waiting={messages.filter(({ state }) => state === "queued")}
              sent={scroll.toEnd}
            />
          )}
        </div>
      </div>
      <aside class="talk-side" aria-label="Facts">
        <Plan task={task} />
        <TaskFacts task={task} attempts={attempts} />
      </aside>
    </div>
  );
}

interface TimelineProps {
  task: Task;
  entries: readonly Entry[];
  agent: string;
  isPlain: boolean;
}

function Timeline({ task, entries, agent, isPlain }: TimelineProps) {
  const [most, setMost] = useState(ENTRIES);
  const shown = entries.slice(-most);
  const root = folderOf(task);
  const isOver = (call: ToolCall) => isFinished(task.status) || call.attempt !== task.attempt;
  return (
    <>
      {entries.length > most && (
        <button
          type="button"
          class="talk-more"
          onClick={() => setMost(most + ENTRIES)}
        >
          Show what was before
        </button>
      )}
      {shown.map((entry, index) => {
        switch (entry.kind) {
          case "said":
            return (
              <SaidEntry
                key={entry.key}
                said={entry}
                agent={agent}
                isPlain={isPlain}
                isContinued={entry.role === "agent" && continues(shown, index)}
              />
            );
          case "tools":
            return (
              <div key={entry.key} class="talk-tools">
                <ToolLines calls={entry.calls} isOver={isOver} root={root} />
              </div>
            );
          case "checks":
            return (
              <div key={entry.key} class="talk-tools">
                <CheckLines checks={entry.checks} />
              </div>
            );
          case "turn":
            return <TurnLine key={entry.key} end={entry} />;
          case "trouble":
            return <TroubleEntry key={entry.key} trouble={entry} />;
        }
      })}
    </>
  );
}

/** Whether the agent has spoken before in the same turn, with nobody else in between. */
function continues(entries: readonly Entry[], index: number): boolean {
  const before = entries.slice(0, index).findLast(({ kind }) => kind !== "tools");
  return before?.kind === "said" && before.role === "agent";
}

/** What the task does now, or waits for. */
function Present({ task, isCommand }: { task: Task; isCommand: boolean }) {
  const { id, status, started_at, progress, progress_details, waiting_for } = task;
  if (status === "running" && waiting_for === undefined) {
    return (
      <p class="talk-now">
        <Glyph kind="run" progress={progress} />
        <span>{progress_details?.current_step ?? "At work"}</span>
        {started_at !== undefined && <Lasting from={started_at} />}
        {isCommand && <Link href={`/tasks/${encodeURIComponent(id)}?tab=log`}>What it prints</Link>}
      </p>
    );
  }
  return <WaitsFor task={task} />;
}

/** Keeps the end in view while the user has not scrolled away from it. */
function useStickToEnd(entries: readonly Entry[]) {
  const box = useRef<HTMLDivElement>(null);
  const isAtEnd = useRef(true);
  const toEnd = () => {
    isAtEnd.current = true;
    const element = box.current;
    if (element) element.scrollTop = element.scrollHeight;
  };
  useLayoutEffect(() => void (isAtEnd.current && toEnd()), [entries]);
  // Markdown grows once its renderer is there, and the dock when the agent asks.
  useEffect(() => {
    const observer = new ResizeObserver(() => isAtEnd.current && toEnd());
    observer.observe(box.current!);
    observer.observe(box.current!.firstElementChild!);
    return () => observer.disconnect();
  }, []);
  const onScroll = ({ currentTarget }: { currentTarget: HTMLElement }) => {
    const { scrollTop, scrollHeight, clientHeight } = currentTarget;
    isAtEnd.current = scrollHeight - scrollTop - clientHeight < 40;
  };
  return { box, onScroll, toEnd };
}
