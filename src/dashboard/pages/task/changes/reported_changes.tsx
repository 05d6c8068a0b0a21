/** The files that the agent reports as changed, for a task outside a repository: each with its edits in order. */
import { useMemo, useState } from "preact/hooks";
import { isFinished } from "../../../../domain/task_values.ts";
import { counted, timeOfDay } from "../../../../protocol/formats.ts";
import { Problem } from "../../../ui/problem.tsx";
import { DiffCounts, DiffView } from "../diff_view.tsx";
import type { TabProps } from "../tab_props.ts";
import { callsOf, type ChangedFile, changedFiles } from "../tool_calls.ts";

/** With more edits than this, all files start closed. */
const OPEN_EDITS = 30;
/** Edits drawn per file at first; the user can ask for more. */
const EDITS = 30;

export function ReportedChanges({ task, tools }: Pick<TabProps, "task" | "tools">) {
  const calls = useMemo(() => callsOf(tools.entries), [tools.entries]);
  const files = useMemo(() => changedFiles(calls), [calls]);
  const edits = files.reduce((sum, file) => sum + file.edits.length, 0);
  if (tools.error !== undefined && files.length === 0) {
    return <Problem what="The changes cannot be shown" error={tools.error} />;
  }
  if (files.length === 0) {
    return (
      <div class="card empty">
        {tools.isThere
          ? <NoChanges isOver={isFinished(task.status)} hasCalls={calls.length > 0} />
          : "Reading the log…"}
      </div>
    );
  }
  return (
    <div class="changes">
      <p class="muted changes-sum">
        {counted(files.length, "file")} changed in {counted(edits, "edit")}, as the agent reports them{" "}
        <DiffCounts diffs={files} />
      </p>
      {tools.mayLack && <p class="muted">Only the newest edits are shown. The log has all of them.</p>}
      {files.map((file) => <File key={file.path} file={file} isOpen={edits <= OPEN_EDITS} />)}
    </div>
  );
}

function NoChanges({ isOver, hasCalls }: { isOver: boolean; hasCalls: boolean }) {
  if (hasCalls) {
    return (
      <>
        <strong>
          {isOver ? "The agent reported no changed files" : "The agent has reported no changed files yet"}
        </strong>
        <p>
          Agents do not report what their shell commands change. Version control in the folder shows all
          changes.
        </p>
      </>
    );
  }
  return (
    <>
      <strong>No changed files</strong>
      <p>
        Agents that speak ACP report the files they edit. Plain commands do not report changed files: look at
        the task's folder, for instance with <code>git diff</code>.
      </p>
    </>
  );
}

function File(
  { file: { path, edits, ...counts }, isOpen: isOpenFirst }: { file: ChangedFile; isOpen: boolean },
) {
  const [isOpen, setOpen] = useState(isOpenFirst);
  const [most, setMost] = useState(EDITS);
  const earlier = Math.max(0, edits.length - most);
  return (
    <details
      class="card changed-file"
      open={isOpenFirst}
      onToggle={({ currentTarget }) => setOpen(currentTarget.open)}
    >
      <summary>
        <h2>
          <code>{path}</code>
        </h2>
        {edits.length > 1 && <span class="muted figure">{edits.length} edits</span>}
        <DiffCounts diffs={[counts]} />
      </summary>
      {isOpen && earlier > 0 && (
        <button type="button" onClick={() => setMost(most + EDITS)}>
          Show {Math.min(EDITS, earlier)} earlier edits
        </button>
      )}
      {isOpen && edits.slice(earlier).map((edit, index) => (
        <div key={edit.key} class="edit">
          {edits.length > 1 && (
            <h3 class="muted">
              Edit {earlier + index + 1}{" "}
              <time class="figure" dateTime={edit.time}>{timeOfDay(edit.time)}</time>
            </h3>
          )}
          <DiffView diff={edit} label={`Edit ${earlier + index + 1} of ${path}`} />
        </div>
      ))}
    </details>
  );
}
