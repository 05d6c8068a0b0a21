/** The worktrees of tasks: what each takes, and the removal of those that nobody needs. */
import { useState } from "preact/hooks";
import { Link } from "wouter-preact";
import { isFinished } from "../../../domain/task_values.ts";
import { bytes, counted } from "../../../protocol/formats.ts";
import type { Reply } from "../../../protocol/messages.ts";
import { useAnswer } from "../../data/answer.ts";
import { ask, client, SLOW } from "../../data/server.ts";
import { taskOf } from "../../data/tasks.ts";
import { Page } from "../../ui/page.tsx";
import { Problem } from "../../ui/problem.tsx";
import { STATUS_NAMES } from "../../ui/status.tsx";
import { toastError } from "../../ui/toast.tsx";
import { PruneDialog } from "./prune_dialog.tsx";
import "./worktrees.css";

type Worktree = Reply<"list_worktrees">["worktrees"][number];

export function WorktreesPage() {
  const { value, error, reload } = useAnswer(() => ask("list_worktrees"), 0);
  const [planned, setPlanned] = useState<Reply<"prune_worktrees">>();
  const [isBusy, setBusy] = useState(false);
  const plan = async () => {
    setBusy(true);
    try {
      setPlanned(await client.request("prune_worktrees", { dry_run: true }, SLOW));
    } catch (error) {
      toastError(error);
    } finally {
      setBusy(false);
    }
  };
  const worktrees = value?.worktrees ?? [];
  return (
    <Page
      class="worktrees-page"
      actions={worktrees.length > 0 && (
        <button type="button" disabled={isBusy} onClick={() => void plan()}>
          {isBusy ? "Looking…" : "Remove what nobody needs…"}
        </button>
      )}
    >
      {value === undefined && error !== undefined && (
        <Problem what="The worktrees cannot be listed" error={error} />
      )}
      {value === undefined && error === undefined && <div class="card empty">Looking for worktrees…</div>}
      {value !== undefined && (worktrees.length === 0 ? <None /> : <Table worktrees={worktrees} />)}
      {planned !== undefined && (
        <PruneDialog
          planned={planned}
          onDone={reload}
          onClose={() => setPlanned(undefined)}
        />
      )}
    </Page>
  );
}

function None() {
  return (
    <div class="card empty">
      <strong>No worktrees</strong>
      <p>
        A task with isolation <code>worktree</code>{" "}
        works in a git worktree of its own. Those are listed here until their work is accepted or discarded.
      </p>
    </div>
  );
}

function Table({ worktrees }: { worktrees: readonly Worktree[] }) {
  const all = worktrees.reduce((sum, { bytes }) => sum + bytes, 0);
  return (
    <section class="card" aria-labelledby="worktrees">
      <h2 id="worktrees">{counted(worktrees.length, "worktree")}, {bytes(all)}</h2>
      <div class="table-scroll" role="region" aria-label="Worktrees" tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">Task</th>
              <th scope="col">State</th>
              <th scope="col">Repository</th>
              <th scope="col">Folder</th>
              <th scope="col" class="number">Size</th>
            </tr>
          </thead>
          <tbody>
            {worktrees.toSorted((a, b) => b.bytes - a.bytes).map((worktree) => (
              <Row key={worktree.path} worktree={worktree} />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Row({ worktree }: { worktree: Worktree }) {
  const { task_id, repository, path, bytes: size, stays } = worktree;
  const task = task_id === undefined ? undefined : taskOf(task_id);
  return (
    <tr>
      <td class="worktree-task">
        {task_id === undefined
          ? <span class="muted">no task</span>
          : (
            <Link href={`/tasks/${encodeURIComponent(task_id)}?tab=changes`}>
              {task?.description ?? task_id}
            </Link>
          )}
      </td>
      <td>{stateOf(worktree)}</td>
      <td title={repository}>{repository?.split(/[\\/]/).at(-1)}</td>
      <td>
        <code dir="ltr">{path}</code>
        {stays !== undefined && (
          <p class="muted">Cannot be removed, although its task's time is over: {stays}</p>
        )}
      </td>
      <td class="number figure">{bytes(size)}</td>
    </tr>
  );
}

const REVIEWS = {
  none: "Nothing changed",
  to_review: "To review",
  changes_requested: "Changes requested",
  accepted: "Accepted",
  discarded: "Discarded",
};

/** An orphan belongs to no task any more. */
function stateOf({ task_id, review = "none", orphan }: Worktree): string {
  if (orphan) return "Left over";
  const status = task_id === undefined ? undefined : taskOf(task_id)?.status;
  return status === undefined || isFinished(status) ? REVIEWS[review] : STATUS_NAMES[status];
}
