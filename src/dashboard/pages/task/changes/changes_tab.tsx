/** The task's changes as git says: each file with its lines, and what becomes of them. */
import { useState } from "preact/hooks";
import { ApiError } from "../../../../domain/errors.ts";
import type { Since } from "../../../../domain/task_changes.ts";
import { counted } from "../../../../protocol/formats.ts";
import { useAnswer } from "../../../data/answer.ts";
import { ask } from "../../../data/server.ts";
import { lazyModule } from "../../../ui/lazy_module.ts";
import { DiffStat } from "../../../ui/diff_stat.tsx";
import { Segments } from "../../../ui/segments.tsx";
import { useIsWide } from "../../../ui/media.ts";
import { Problem } from "../../../ui/problem.tsx";
import type { TabProps } from "../tab_props.ts";
import { chooseLayout, type Layout, layout } from "./layout.ts";
import { ReportedChanges } from "./reported_changes.tsx";
import { useReview } from "./review.ts";
// The styles of what loads later, too: they come with the page.
import "../diff.css";
import "./changes.css";
import "./file_diff.css";
import "./review_bar.css";

const useFileList = lazyModule(() => import("./file_list.tsx"));
const useReviewBar = lazyModule(() => import("./review_bar.tsx"));

/** While the agent works, its changes are asked for again and again. */
const EVERY_MS = 15_000;

const SINCE: readonly { value: Since; name: string }[] = [
  { value: "base", name: "All changes" },
  { value: "last_turn", name: "Last turn" },
  { value: "last_review", name: "Since my review" },
];

const LAYOUTS: readonly { value: Layout; name: string }[] = [
  { value: "unified", name: "One column" },
  { value: "split", name: "Side by side" },
];

export function ChangesTab({ task, tools, conversation }: TabProps) {
  const { id, status, turn, review: verdict, changes, workspace } = task;
  const [since, setSince] = useState<Since>("base");
  const state = `${id} ${status} ${turn} ${verdict} ${workspace?.head_commit} ${JSON.stringify(changes)}`;
  const isWide = useIsWide();
  const list = useFileList();
  const bar = useReviewBar();
  const { value, error, reload } = useAnswer(
    () => ask("get_task_changes", { task_id: id, since }),
    status === "running" ? EVERY_MS : 0,
    `${state} ${since}`,
  );
  const review = useReview(id, value && `${state} ${value.head_commit}`);
  if (value === undefined || list === undefined) {
    if (error === undefined) return <div class="card empty">Loading the changes…</div>;
    const isNoRepository = error instanceof ApiError && error.code === "INVALID_FIELD_VALUE";
    return (
      <>
        {!isNoRepository && <Problem what="The changes cannot be shown" error={error} />}
        <ReportedChanges task={task} tools={tools} />
      </>
    );
  }
  const { totals } = value;
  const isReviewed = conversation.messages.some(({ source, role }) => source === "review" && role === "user");
  const shown = SINCE.filter(({ value: one }) =>
    one === "base" || (one === "last_turn" ? (turn ?? 1) > 1 : isReviewed)
  );
  return (
    <div class="git-changes">
      <div class="changes-head">
        {shown.length > 1 && <Segments label="Since when" choices={shown} chosen={since} choose={setSince} />}
        <p class="muted changes-sum">
          {counted(totals.files, "file")} changed
          <DiffStat additions={totals.additions} deletions={totals.deletions} />
          {value.uncommitted && "not all committed yet"}
        </p>
        {isWide && value.files.length > 0 && (
          <>
            <span class="grow" />
            <Segments label="Layout" choices={LAYOUTS} chosen={layout.value} choose={chooseLayout} />
          </>
        )}
        {value.files_truncated && <p class="muted">Only the first {value.files.length} files are listed.</p>}
      </div>
      {value.files.length === 0
        ? (
          <div class="card empty">
            <strong>No changes</strong>
            <p>git sees nothing that differs from the start.</p>
          </div>
        )
        : <list.FileList key={since} task_id={id} since={since} changes={value} review={review} />}
      {bar && <bar.ReviewBar task={task} changes={value} review={review} reload={reload} />}
    </div>
  );
}
