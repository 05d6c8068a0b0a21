/** The changed files one below the other, with the tree beside them and keys to walk, comment and tick them off. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { ChangedFile, Since } from "../../../../domain/task_changes.ts";
import type { Reply } from "../../../../protocol/messages.ts";
import { ask } from "../../../data/server.ts";
import { useShortcuts } from "../../../keys.ts";
import { useIsWide } from "../../../ui/media.ts";
import { toastError } from "../../../ui/toast.tsx";
import { changesIn, type LineRow, placeOf, rowsOf } from "./diff_rows.ts";
import { FileDiff } from "./file_diff.tsx";
import { FileTree } from "./file_tree.tsx";
import { layout } from "./layout.ts";
import type { Comment, Review } from "./review.ts";

/** Files are open at first as long as they have fewer lines together. */
const OPEN_LINES = 1500;
/** The most lines around changes that the server gives. */
const MOST_CONTEXT = 100;

export interface FileListProps {
  task_id: string;
  since: Since;
  changes: Reply<"get_task_changes">;
  review: Review;
}

/** Where the keys are: a file, and one of its rows. */
interface Cursor {
  path: string;
  row?: number;
}

export function FileList({ task_id, since, changes, review }: FileListProps) {
  const { files, head_commit } = changes;
  const [toggled, setToggled] = useState<ReadonlyMap<string, boolean>>(new Map());
  const [wider, setWider] = useState<ReadonlyMap<string, ChangedFile>>(new Map());
  const [cursor, setCursor] = useState<Cursor>();
  const [editing, setEditing] = useState<Comment>();
  const isWide = useIsWide();
  const box = useRef<HTMLDivElement>(null);
  const isOpen = opening(files, review, toggled);

  const shownOf = (file: ChangedFile) => {
    const more = wider.get(file.path);
    return more?.blob === file.blob ? more : file;
  };
  const open = (path: string, isOpen = true) => setToggled(new Map([...toggled, [path, isOpen]]));
  const go = (path: string, row?: number) => {
    setCursor({ path, row });
    open(path);
  };
  useEffect(() => {
    if (cursor === undefined) return;
    const file = box.current?.querySelector(`[data-path="${CSS.escape(cursor.path)}"]`);
    const row = cursor.row === undefined ? null : file?.querySelector(`[data-row="${cursor.row}"]`);
    if (row) row.scrollIntoView({ block: "center" });
    else file?.scrollIntoView({ block: "start" });
  }, [cursor]);

  const showMore = async (path: string) => {
    try {
      const { files } = await ask("get_task_changes", { task_id, since, path, context: MOST_CONTEXT });
      const file = files.find((file) => file.path === path);
      if (file) setWider((wider) => new Map([...wider, [path, file]]));
    } catch (error) {
      toastError(error);
    }
  };
  const comment = (path: string, row: LineRow, isMore: boolean) => {
    const { side, line } = placeOf(row);
    const canGrow = isMore && editing?.path === path && (editing.side ?? "new") === side &&
      line > editing.line;
    setCursor({ path });
    setEditing(canGrow ? { ...editing, end_line: line } : { path, line, side, text: "", head_commit });
  };
  const without = (comment: Comment) => review.comments.filter((one) => one !== comment);
  const done = (comment: Comment, text: string) => {
    review.setComments([...without(comment), { ...comment, text }]);
    setEditing(undefined);
  };
  const remove = (comment: Comment) => {
    if (comment === editing) setEditing(undefined);
    if (review.comments.includes(comment)) review.setComments(without(comment));
  };
  const markViewed = (file: ChangedFile, isViewed: boolean) => {
    review.setViewed({ path: file.path, blob: file.blob }, isViewed);
    open(file.path, !isViewed);
  };

  const keys = keysOf({ files: files.map(shownOf), cursor, review, go, comment, markViewed });
  const latest = useRef(keys);
  latest.current = keys;
  useShortcuts([
    { key: "]", does: "Next file", run: () => latest.current.file(1) },
    { key: "[", does: "File before", run: () => latest.current.file(-1) },
    { key: "n", does: "Next change", run: () => latest.current.change(1) },
    { key: "N", does: "Change before", run: () => latest.current.change(-1) },
    { key: "c", does: "Comment on this line", run: () => latest.current.comment() },
    { key: " ", does: "Mark the file as viewed", run: () => latest.current.viewed() },
  ], []);

  return (
    <div class="changes-body">
      <FileTree files={files} review={review} current={cursor?.path} choose={(path) => go(path)} />
      <div ref={box} class="file-diffs">
        {files.map((file) => (
          <FileDiff
            key={file.path}
            file={shownOf(file)}
            layout={isWide ? layout.value : "unified"}
            isOpen={isOpen(file.path)}
            isCurrent={cursor?.path === file.path}
            isViewed={review.isViewed(file.path)}
            comments={review.comments.filter(({ path }) => path === file.path)}
            editing={editing?.path === file.path ? editing : undefined}
            at={cursor?.path === file.path ? cursor.row : undefined}
            onToggle={(path) => open(path, !isOpen(path))}
            onViewed={markViewed}
            onComment={comment}
            onEdit={setEditing}
            onDone={done}
            onRemove={remove}
            onMore={(path) => void showMore(path)}
          />
        ))}
      </div>
    </div>
  );
}

/** Whether a file is open: as the user left it, else if it was not viewed and there are not too many lines above. */
function opening(
  files: readonly ChangedFile[],
  review: Review,
  toggled: ReadonlyMap<string, boolean>,
): (path: string) => boolean {
  const open = new Set<string>();
  let lines = 0;
  for (const { path, additions, deletions } of files) {
    lines += additions + deletions;
    if (lines > OPEN_LINES && open.size > 0) break;
    if (!review.isViewed(path)) open.add(path);
  }
  return (path) => toggled.get(path) ?? open.has(path);
}

interface KeyTargets {
  files: readonly ChangedFile[];
  cursor: Cursor | undefined;
  review: Review;
  go: (path: string, row?: number) => void;
  comment: (path: string, row: LineRow, isMore: boolean) => void;
  markViewed: (file: ChangedFile, isViewed: boolean) => void;
}

function keysOf({ files, cursor, review, go, comment, markViewed }: KeyTargets) {
  const at = files.findIndex(({ path }) => path === cursor?.path);
  const current = files[at];
  const rowsAt = (index: number) => rowsOf(files[index]?.patch ?? "");
  return {
    file(step: 1 | -1) {
      const next = files[at < 0 ? 0 : at + step];
      if (next) go(next.path);
    },
    change(step: 1 | -1) {
      const from = cursor?.row ?? (step > 0 ? -1 : Infinity);
      const start = Math.max(0, at);
      for (let index = start; index >= 0 && index < files.length; index += step) {
        const changes = changesIn(rowsAt(index));
        const beyond = (row: number) => index !== start || (step > 0 ? row > from : row < from);
        const row = step > 0 ? changes.find(beyond) : changes.findLast(beyond);
        if (row !== undefined) return go(files[index]!.path, row);
      }
    },
    comment() {
      if (current === undefined) return;
      const rows = rowsAt(at);
      const row = rows[cursor?.row ?? changesIn(rows)[0] ?? -1];
      if (row !== undefined && row.kind !== "gap" && row.kind !== "remark") comment(current.path, row, false);
    },
    viewed() {
      if (current !== undefined) markViewed(current, !review.isViewed(current.path));
    },
  };
}
