/** Says which worktrees would be removed and which stay, and removes them. */
import { bytes, counted } from "../../../protocol/formats.ts";
import type { Reply } from "../../../protocol/messages.ts";
import { client, SLOW } from "../../data/server.ts";
import { Dialog } from "../../ui/dialog.tsx";
import { toastDone, toastError } from "../../ui/toast.tsx";

export interface PruneDialogProps {
  /** What a removal would do now. */
  planned: Reply<"prune_worktrees">;
  onDone: () => Promise<void>;
  onClose: () => void;
}

const REASONS: Record<string, string> = {
  at_work: "its task is not done",
  to_review: "its changes are neither accepted nor discarded",
  too_young: "it is too young",
};

export function PruneDialog(
  { planned: { worktrees, left, bytes: size }, onDone, onClose }: PruneDialogProps,
) {
  const remove = async () => {
    onClose();
    try {
      const done = await client.request("prune_worktrees", {}, SLOW);
      toastDone(`${counted(done.worktrees.length, "worktree")} removed, ${bytes(done.bytes)} freed`);
    } catch (error) {
      toastError(error);
    } finally {
      await onDone();
    }
  };
  const isNone = worktrees.length === 0;
  return (
    <Dialog
      title={isNone ? "All worktrees are needed" : `Remove ${counted(worktrees.length, "worktree")}?`}
      onClose={onClose}
    >
      {!isNone && (
        <>
          <p>
            This frees{" "}
            {bytes(size)}. Only worktrees whose work is accepted, discarded or unchanged go, and left-over
            ones, whose commits and loose files are kept under <code>refs/opencode-agents/kept/</code> first.
          </p>
          <Paths of={worktrees.map(({ path }) => ({ path }))} label="What goes" />
        </>
      )}
      {left.length > 0 && (
        <>
          {!isNone && <p>{counted(left.length, "worktree stays", "worktrees stay")}:</p>}
          <Paths of={left} label="What stays" />
        </>
      )}
      <footer class="buttons">
        <button type="button" onClick={onClose}>{isNone ? "Close" : "Keep them"}</button>
        {!isNone && <button type="button" class="danger" onClick={() => void remove()}>Remove</button>}
      </footer>
    </Dialog>
  );
}

function Paths({ of, label }: { of: readonly { path: string; reason?: string }[]; label: string }) {
  return (
    <ul class="worktree-paths" aria-label={label} tabIndex={0}>
      {of.map(({ path, reason }) => (
        <li key={path}>
          <code dir="ltr">{path}</code>
          {reason !== undefined && <span class="muted">{REASONS[reason] ?? reason}</span>}
        </li>
      ))}
    </ul>
  );
}
