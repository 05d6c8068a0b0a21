/** What becomes of the changes: first what would happen, then the decisions. */
import { CornerUpLeft, GitBranch, GitMerge, GitPullRequest, Trash2 } from "lucide-preact";
import { useState } from "preact/hooks";
import { ApiError } from "../../../../domain/errors.ts";
import type { AcceptMethod } from "../../../../domain/ending.ts";
import type { Task } from "../../../../domain/task.ts";
import { isFinished, isJudged } from "../../../../domain/task_values.ts";
import { counted } from "../../../../protocol/formats.ts";
import type { Reply } from "../../../../protocol/messages.ts";
import { client, SLOW } from "../../../data/server.ts";
import { navigate } from "../../../hash_location.ts";
import { useShortcuts } from "../../../keys.ts";
import { isAcceptable, isOpenToJudge } from "../../../ui/acceptable.ts";
import { Confirm } from "../../../ui/dialog.tsx";
import { PullRequestLine } from "../../../ui/pull_request_line.tsx";
import { refusalText } from "../../../ui/refusal.ts";
import { StaleNote } from "../../../ui/stale_note.tsx";
import { attempt, toastDone, toastError } from "../../../ui/toast.tsx";
import type { Review } from "./review.ts";
import { SendBack } from "./send_back.tsx";

const METHODS: Record<AcceptMethod, { name: string; does: string }> = {
  squash: { name: "as one commit", does: "Makes one commit." },
  merge: { name: "by a merge", does: "Makes a merge commit." },
  rebase: { name: "rebased", does: "Puts its commits on top." },
};

export interface ReviewBarProps {
  task: Task;
  changes: Reply<"get_task_changes">;
  review: Review;
  /** Asks for the changes again. */
  reload: () => Promise<void>;
}

export function ReviewBar({ task, changes, review, reload }: ReviewBarProps) {
  const { id, workspace, pull_request } = task;
  const [method, setMethod] = useState<AcceptMethod>("squash");
  const [refusal, setRefusal] = useState<ApiError>();
  const [isBusy, setBusy] = useState(false);
  const [asked, setAsked] = useState<"discard" | "send back">();
  const base = workspace?.base ?? "its base";
  const can = possible(task, changes);
  const isClear = changes.conflicts.length === 0;
  // What was written would be lost with an acceptance.
  const hasComments = can.sendBack && review.comments.length > 0;

  const during = async (action: () => Promise<void>) => {
    if (isBusy) return;
    setBusy(true);
    setRefusal(undefined);
    try {
      await action();
    } catch (error) {
      if (error instanceof ApiError && error.code === "CHANGES_CONFLICT") setRefusal(error);
      else toastError(error);
    } finally {
      await reload();
      setBusy(false);
    }
  };
  const accept = () =>
    during(async () => {
      const { into } = await client.request("accept_changes", { task_id: id, method }, SLOW);
      toastDone(`Accepted into ${into}`);
    });
  const update = (resolve: "none" | "agent") =>
    during(async () => {
      const { conflicts } = await client.request("update_workspace", { task_id: id, resolve }, SLOW);
      if (resolve === "agent" && conflicts.length > 0) return navigate(`/tasks/${encodeURIComponent(id)}`);
      toastDone(
        conflicts.length > 0
          ? `Nothing has changed: ${counted(conflicts.length, "file conflicts", "files conflict")}`
          : `${base} is in`,
      );
    });
  const openPullRequest = () =>
    during(async () => {
      const { url } = await client.request("create_pull_request", { task_id: id }, SLOW);
      toastDone(`Pull request: ${url}`);
    });
  useShortcuts([
    { key: "A", does: `Accept into ${base}`, run: () => void (can.accept && accept()) },
    { key: "P", does: "Open a pull request", run: () => void (can.accept && openPullRequest()) },
    { key: "S", does: "Send the changes back", run: () => can.sendBack && setAsked("send back") },
  ], [can.accept, can.sendBack, method, isBusy]);

  return (
    <div class="review-bar" role="group" aria-label="What becomes of the changes">
      <div class="review-says">
        <p>{standing(task, changes, base)}</p>
        <p class={changes.conflicts.length > 0 || refusal ? "review-conflict" : "muted"} role="status">
          {refusal === undefined ? outlook(task, changes, base, method) : refusalText(refusal)}
        </p>
        <StaleNote task={task} />
        {pull_request && (
          <p>
            Pull request <PullRequestLine pull={pull_request} />
          </p>
        )}
      </div>
      {(can.accept || can.sendBack) && (
        <div class="buttons">
          {can.accept && (
            <button
              type="button"
              class="icon-button danger review-discard"
              disabled={isBusy}
              onClick={() => setAsked("discard")}
            >
              <Trash2 size={16} aria-hidden="true" /> Discard
            </button>
          )}
          {can.accept && changes.behind > 0 && isClear && (
            <button
              type="button"
              disabled={isBusy}
              onClick={() => void update("none")}
            >
              <GitBranch size={16} aria-hidden="true" /> Bring {base} in
            </button>
          )}
          {can.accept && (
            <button type="button" disabled={isBusy} onClick={() => void openPullRequest()}>
              <GitPullRequest size={16} aria-hidden="true" /> {pull_request ? "Update PR" : "Open PR"}
              <kbd aria-hidden="true">⇧P</kbd>
            </button>
          )}
          {can.sendBack && (
            <button
              type="button"
              class={hasComments ? "primary" : ""}
              disabled={isBusy}
              onClick={() => setAsked("send back")}
            >
              <CornerUpLeft size={16} aria-hidden="true" /> Send back
              {review.comments.length > 0 && ` with ${counted(review.comments.length, "comment")}`}
              <kbd aria-hidden="true">⇧S</kbd>
            </button>
          )}
          {can.accept && (
            <span class="review-accept">
              <button
                type="button"
                class={isClear && !hasComments ? "primary" : ""}
                disabled={isBusy}
                onClick={() => void accept()}
              >
                <GitMerge size={16} aria-hidden="true" /> Accept into {base}
                <kbd aria-hidden="true">⇧A</kbd>
              </button>
              {isClear && (
                <select
                  aria-label="How it is accepted"
                  value={method}
                  onChange={({ currentTarget }) => setMethod(currentTarget.value as AcceptMethod)}
                >
                  {Object.entries(METHODS).map(([value, { name }]) => (
                    <option key={value} value={value}>{name}</option>
                  ))}
                </select>
              )}
            </span>
          )}
          {can.accept && !isClear && task.agent_session !== undefined && (
            <button
              type="button"
              class={hasComments ? "" : "primary"}
              disabled={isBusy}
              onClick={() => void update("agent")}
            >
              <GitBranch size={16} aria-hidden="true" /> Let the agent resolve it
            </button>
          )}
        </div>
      )}
      {asked === "discard" && (
        <Confirm
          title="Discard these changes?"
          action="Discard"
          onConfirm={() =>
            void attempt(() => client.request("discard_changes", { task_id: id }, SLOW), "Discarded")}
          onClose={() => setAsked(undefined)}
        >
          <p>
            {counted(changes.totals.files, "file")} of{" "}
            <strong>{task.description}</strong>. Its worktree and branch go. The commits stay in the
            repository for a while, under <code>refs/opencode-agents/discarded/</code>.
          </p>
        </Confirm>
      )}
      {asked === "send back" && (
        <SendBack
          task={task}
          head_commit={changes.head_commit}
          review={review}
          onSent={() => navigate(`/tasks/${encodeURIComponent(id)}`)}
          onClose={() => setAsked(undefined)}
        />
      )}
    </div>
  );
}

/** What may be decided now. */
function possible(task: Task, { totals }: ReviewBarProps["changes"]) {
  return {
    accept: isAcceptable(task, totals.files),
    sendBack: isOpenToJudge(task) && totals.files > 0 && task.agent_session !== undefined,
  };
}

/** Such as `4 commits ahead of main, 2 behind`. */
function standing(
  { review, status, workspace }: Task,
  { ahead, behind }: ReviewBarProps["changes"],
  base: string,
): string {
  if (review === "accepted") return "Accepted";
  if (review === "discarded") return "Discarded";
  if (!isFinished(status)) return "The agent is not done: decide when its turn has ended";
  if (workspace?.kind !== "worktree") return "The changes are in the task's folder itself";
  return `${counted(ahead, "commit")} ahead of ${base}${behind > 0 ? `, ${behind} behind` : ""}`;
}

/** What accepting would do. */
function outlook(
  { review, status, workspace }: Task,
  { conflicts, conflicts_unknown }: ReviewBarProps["changes"],
  base: string,
  method: AcceptMethod,
): string {
  if (
    !isFinished(status) || workspace?.kind !== "worktree" || isJudged(review)
  ) return "";
  if (conflicts.length > 0) {
    return `${counted(conflicts.length, "file conflicts", "files conflict")} with ${base}: ${
      conflicts.join(", ")
    }`;
  }
  if (conflicts_unknown !== undefined) return `Conflicts are not known: ${conflicts_unknown}`;
  return `No conflicts. ${METHODS[method].does}`;
}
