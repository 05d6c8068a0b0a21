/** Starting a task, now or later. */
import { useEffect, useState } from "preact/hooks";
import { client } from "../../data/server.ts";
import { navigate, usePlace } from "../../hash_location.ts";
import { toastDone } from "../../ui/toast.tsx";
import { change, chooseWhen, chosenFor, clearDraft, draft, idOf, isEmpty } from "./draft.ts";
import { draftFiles } from "./files.ts";
import { useFileDrop } from "../../ui/file_drop.ts";
import { useKnownAgents } from "../../data/known_agents.ts";
import { messageOf } from "./message.ts";
import { show } from "./problems.ts";
import { TaskForm } from "./task_form.tsx";
import { TemplateLinks } from "./template_links.tsx";
import { useTemplate } from "./template.ts";
import { Page } from "../../ui/page.tsx";

/** Without a description no id can be suggested: the missing description is the problem, not the id. */
const PLACEHOLDER_ID = "task";

export function NewTaskPage() {
  const [place] = usePlace();
  const from = place.get("from") ?? "";
  const template = useTemplate(from);
  useAddress(place);
  const [timesCleared, setTimesCleared] = useState(0);
  const drop = useFileDrop((files) => draftFiles.add(files));
  useKnownAgents();

  const send = async () => {
    const message = messageOf(draft.peek(), {
      id: idOf.peek() || PLACEHOLDER_ID,
      project: chosenFor.peek(),
      files: draftFiles,
    });
    if (Array.isArray(message)) return message;
    const { task_id } = await client.request(message.type, { task: message.task });
    clearDraft();
    draftFiles.clear();
    toastDone(message.type === "start_task" ? `${task_id} was started` : `${task_id} was scheduled`);
    navigate(message.type === "start_task" ? `/tasks/${task_id}` : `/schedules?schedule=${task_id}`);
  };

  return (
    <Page
      class="new-task-page"
      title={<h1>{place.get("schedule") === "1" ? "New schedule" : "New task"}</h1>}
      actions={(!isEmpty.value || draftFiles.files.length > 0) && (
        <button
          type="button"
          onClick={() => {
            clearDraft();
            draftFiles.clear();
            show([]);
            setTimesCleared((times) => times + 1);
            if (from !== "") navigate("/new", { replace: true });
          }}
        >
          Clear the form
        </button>
      )}
    >
      {template.error !== undefined && (
        <p class="notice notice-warning" role="alert">{from} could not be copied: {template.error}</p>
      )}
      {template.name !== undefined && !isEmpty.value && (
        <p class="notice">
          A copy of <code>{template.name}</code> with a new id.
        </p>
      )}
      <TemplateLinks />
      <TaskForm
        label="New task"
        action={draft.value.when === "now" ? "Start task" : "Schedule"}
        send={send}
        drop={drop}
        filled={`${template.name} ${timesCleared}`}
        moreHint={idOf.value === "" ? "id, prompt, dependencies, timeout …" : <code>{idOf}</code>}
      />
    </Page>
  );
}

/** `?schedule=1` starts a schedule, `&at=2026-03-31T09:00` one for that time. */
function useAddress(place: URLSearchParams): void {
  const requested = place.get("schedule");
  const at = place.get("at");
  useEffect(() => {
    if (requested !== "1") return;
    if (at !== null && /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$/.test(at)) change({ at });
    if (draft.peek().when === "now") chooseWhen("again");
  }, [requested, at]);
}
