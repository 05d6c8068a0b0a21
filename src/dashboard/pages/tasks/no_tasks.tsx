/** The page without tasks: how to start one, here or in a terminal. */
import { Copy, Kanban, Plus } from "lucide-preact";
import { Link } from "wouter-preact";
import { NoAgent } from "../../ui/no_agent.tsx";
import { attempt } from "../../ui/toast.tsx";
import "./no_tasks.css";

function commandLine(): string {
  const server = new URL(".", document.baseURI).href.replace(/\/$/, "");
  return `opencode-agents run "Fix the failing test in src/parser" --follow --url ${server}`;
}

/** `showArchive`: shows the archived tasks, which may be all that there are. */
export function NoTasks({ showArchive }: { showArchive: () => void }) {
  const command = commandLine();
  return (
    <div class="empty no-tasks">
      <Kanban size={32} aria-hidden="true" />
      <strong>No tasks yet</strong>
      <p>Tell an agent what to do. Its progress appears here while it works.</p>
      <NoAgent hasLink />
      <Link class="button primary" href="/new">
        <Plus size={16} aria-hidden="true" /> Start a task
      </Link>
      <p class="no-tasks-or">or in a terminal, in the project's folder:</p>
      <div class="no-tasks-command">
        <code>{command}</code>
        <button
          type="button"
          class="icon-button"
          aria-label="Copy the command"
          title="Copy"
          onClick={() => void attempt(() => navigator.clipboard.writeText(command), "Copied")}
        >
          <Copy size={15} aria-hidden="true" />
        </button>
      </div>
      <button type="button" onClick={showArchive}>Archived tasks</button>
    </div>
  );
}

export function NothingArchived({ onClear }: { onClear: () => void }) {
  return (
    <div class="empty">
      <strong>Nothing is archived</strong>
      <p>
        Ended tasks can be archived on their cards, or with <kbd>e</kbd>. Then they are listed here only.
      </p>
      <button type="button" onClick={onClear}>Show all tasks</button>
    </div>
  );
}

export function NothingFound({ onClear }: { onClear: () => void }) {
  return (
    <div class="empty">
      <strong>No task fits these filters</strong>
      <p>Change the filters, or show all tasks.</p>
      <button type="button" onClick={onClear}>Show all tasks</button>
    </div>
  );
}
