/** The tasks by status: columns side by side, or one at a time on narrow screens. */
import { Archive } from "lucide-preact";
import { useEffect, useRef } from "preact/hooks";
import type { Task } from "../../../domain/task.ts";
import { archive } from "../../ui/archive.ts";
import { Glyph, type GlyphKind } from "../../ui/glyph.tsx";
import { VirtualList } from "../../ui/virtual_list.tsx";
import type { ActionName } from "../../ui/task_actions.tsx";
import type { Marks } from "./marks.ts";
import type { Selection } from "./selection.ts";
import { TaskCard } from "./task_card.tsx";
import type { AgentOf, Group } from "./view.ts";
import "./columns.css";

const CARD_HEIGHT = 124;
const GLYPHS: Record<string, GlyphKind> = {
  waiting: "wait",
  running: "run",
  needs: "needs",
  review: "review",
  done: "done",
};
/** Few, since each card has many elements. */
export const OVERSCAN = 4;

export interface Shown {
  selection: Selection;
  marks: Marks;
  agentOf: AgentOf;
  onAction: (name: ActionName, task: Task) => void;
}

export function Columns({ groups, ...shown }: Shown & { groups: readonly Group[] }) {
  return (
    <div class="board-columns">
      {groups.map((group) => <ColumnOf key={group.column.key} group={group} {...shown} />)}
    </div>
  );
}

function ColumnOf({ group, selection, marks, agentOf, onAction }: Shown & { group: Group }) {
  const { column, tasks } = group;
  const { key, name, empty, usual } = column;
  const open = tasks.filter(({ archived }) => !archived);
  return (
    <section class={`board-column column-${key}`} aria-labelledby={`column-${key}`}>
      <h2 id={`column-${key}`}>
        <Glyph kind={GLYPHS[key]!} />
        {name} <span class="count figure">{tasks.length}</span>
      </h2>
      {key === "done" && open.length > 0 && (
        <button
          type="button"
          class="icon-button column-archive"
          title="Archive all of them"
          onClick={() => void archive(open.map(({ id }) => id))}
        >
          <Archive size={14} aria-hidden="true" /> Archive all
        </button>
      )}
      {tasks.length === 0 ? <p class="board-column-empty">{empty}</p> : (
        <VirtualList
          class="board-cards"
          label={name}
          count={tasks.length}
          estimated_height={CARD_HEIGHT}
          overscan={OVERSCAN}
          keyOf={(index) => tasks[index]!.id}
          handle={selection.handleOf(key)}
          row={(index) => {
            const task = tasks[index]!;
            return (
              <TaskCard
                task={task}
                agent={agentOf(task)}
                isSelected={task.id === selection.id}
                cursor={selection.cursor}
                isMarked={marks.ids.has(task.id)}
                marking={marks.marking}
                onAction={onAction}
                isStatusShown={!usual.includes(task.status)}
              />
            );
          }}
        />
      )}
    </section>
  );
}

export interface TabsProps {
  groups: readonly Group[];
  chosen: string;
  choose: (column: string) => void;
}

/** Chooses the visible column where only one fits. */
export function ColumnTabs({ groups, chosen, choose }: TabsProps) {
  const tabs = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const tab = tabs.current?.querySelector<HTMLElement>("[aria-pressed=true]");
    tab?.scrollIntoView({ block: "nearest", inline: "center" });
  }, [chosen]);
  return (
    <div ref={tabs} class="board-tabs" role="group" aria-label="Columns">
      {groups.map(({ column: { key, name }, tasks }) => (
        <button
          key={key}
          type="button"
          class={`column-${key}`}
          aria-pressed={key === chosen}
          onClick={() => choose(key)}
        >
          <Glyph kind={GLYPHS[key]!} />
          {name} <b class="figure">{tasks.length}</b>
        </button>
      ))}
    </div>
  );
}
