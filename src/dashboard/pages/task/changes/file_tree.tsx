/** The changed files by folder: counts, comments, and which were viewed. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { ChangedFile } from "../../../../domain/task_changes.ts";
import { counted } from "../../../../protocol/formats.ts";
import { useShortcuts } from "../../../keys.ts";
import { DiffStat } from "../../../ui/diff_stat.tsx";
import type { Review } from "./review.ts";

export interface FileTreeProps {
  files: readonly ChangedFile[];
  review: Review;
  current: string | undefined;
  choose: (path: string) => void;
}

/** Folder → its files, in the order of their paths. */
function folders(files: readonly ChangedFile[]): Map<string, ChangedFile[]> {
  return Map.groupBy(files, ({ path }) => path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : "");
}

export function FileTree({ files, review, current, choose }: FileTreeProps) {
  const [words, setWords] = useState("");
  const field = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLDivElement>(null);
  useShortcuts([{ key: "t", does: "Go to a file", run: () => field.current?.focus() }], []);
  useEffect(() => list.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" }), [
    current,
  ]);
  const found = files.filter(({ path }) => path.toLowerCase().includes(words.toLowerCase()));
  const seen = files.filter(({ path }) => review.isViewed(path)).length;
  return (
    <nav class="file-tree" aria-label="Changed files">
      <input
        ref={field}
        type="search"
        aria-label="Go to file"
        placeholder="Go to file"
        value={words}
        onInput={({ currentTarget }) => setWords(currentTarget.value)}
        onKeyDown={({ key }) => {
          if (key === "Enter" && found[0] !== undefined) choose(found[0].path);
        }}
      />
      <div ref={list}>
        {[...folders(found)].map(([folder, within]) => (
          <div key={folder} role="group" aria-label={folder === "" ? "The repository's root" : folder}>
            {folder !== "" && <p class="tree-folder clip" dir="ltr" title={folder}>{folder}</p>}
            {within.map((file) => (
              <button
                key={file.path}
                type="button"
                class={`tree-file${review.isViewed(file.path) ? " is-viewed" : ""}`}
                aria-current={file.path === current ? "true" : undefined}
                title={file.path}
                onClick={() => choose(file.path)}
              >
                <span class="clip grow" dir="ltr">{file.path.slice(file.path.lastIndexOf("/") + 1)}</span>
                <Comments
                  count={review.comments.filter(({ path }) =>
                    path === file.path
                  ).length}
                />
                <DiffStat additions={file.additions} deletions={file.deletions} />
                <span aria-hidden="true" class="tree-mark">{review.isViewed(file.path) ? "✓" : ""}</span>
                {review.isViewed(file.path) && <span class="visually-hidden">viewed</span>}
              </button>
            ))}
          </div>
        ))}
      </div>
      <p class="tree-seen">
        <span>Viewed</span> <span class="figure">{seen} of {files.length}</span>
      </p>
    </nav>
  );
}

function Comments({ count }: { count: number }) {
  if (count === 0) return null;
  return (
    <span class="badge comment-new figure">
      {count}
      <span class="visually-hidden">{counted(count, "comment").replace(/^\d+/, "")}</span>
    </span>
  );
}
