/** Starting a task, now or later. */
import { useEffect, useRef, useState } from "preact/hooks";
import { client, link } from "../../data/server.ts";
import { navigate, usePlace } from "../../hash_location.ts";
import { onSendKey } from "../../keys.ts";
import { toastDone } from "../../ui/toast.tsx";
import { change, chooseWhen, chosenFor, clearDraft, draft, hasMore, idOf, isEmpty } from "./draft.ts";
import { draftFiles } from "./files.ts";
import { useFileDrop } from "../../ui/file_drop.ts";
import { useKnownAgents } from "../../data/known_agents.ts";
import { messageOf } from "./message.ts";
import { MoreFields } from "./more_fields.tsx";
import "./new_task.css";
import { ProblemSummary } from "./problem_summary.tsx";
import { problemsIn, show } from "./problems.ts";
import { ShortFields } from "./short_fields.tsx";
import { useTemplate } from "./template.ts";
import { WhenFields } from "./when_fields.tsx";
import { Page } from "../../ui/page.tsx";

const MORE_FIELDS =
  /^task\.(?:id|files_pattern|dependencies|timeout|metadata(?!\.project).*|execution\.(?!agent|working_dir|attachments|model|effort|mode|permissions).*)$/;

/** Without a description no id can be suggested: the missing description is the problem, not the id. */
const PLACEHOLDER_ID = "task";

export function NewTaskPage() {
  const [place] = usePlace();
  const [isSending, setSending] = useState(false);
  const [isMore, setMore] = useState(hasMore(draft.peek()));
  const form = useRef<HTMLFormElement>(null);
  const summary = useRef<HTMLDivElement>(null);
  const from = place.get("from") ?? "";
  const template = useTemplate(from, () => setMore(hasMore(draft.peek())));
  useAddress(place);
  useFirstFocus(form);
  const drop = useFileDrop((files) => draftFiles.add(files));
  useKnownAgents();
  useEffect(() => show([]), []);

  const refused = (all: Parameters<typeof show>[0]) => {
    show(all);
    if (all.some(({ field }) => field !== undefined && MORE_FIELDS.test(field))) setMore(true);
    // Once it is drawn.
    requestAnimationFrame(() =>
      requestAnimationFrame(() =>
        (form.current?.querySelector<HTMLElement>("[aria-invalid]") ?? summary.current)?.focus()
      )
    );
  };
  const send = async () => {
    if (isSending) return;
    const message = messageOf(draft.peek(), {
      id: idOf.peek() || PLACEHOLDER_ID,
      project: chosenFor.peek(),
      files: draftFiles,
    });
    if (Array.isArray(message)) return refused(message);
    setSending(true);
    try {
      const { task_id } = await client.request(message.type, { task: message.task });
      show([]);
      clearDraft();
      draftFiles.clear();
      toastDone(message.type === "start_task" ? `${task_id} was started` : `${task_id} was scheduled`);
      navigate(message.type === "start_task" ? `/tasks/${task_id}` : `/schedules?schedule=${task_id}`);
    } catch (error) {
      refused(problemsIn(error));
    } finally {
      setSending(false);
    }
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
            setMore(false);
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
      <ProblemSummary box={summary} />
      <form
        ref={form}
        class={drop.isOver ? "is-dropping" : ""}
        {...drop.handlers}
        noValidate
        aria-label="New task"
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
        onKeyDown={onSendKey(() => void send())}
      >
        <section class="card">
          <ShortFields />
        </section>
        <section class="card">
          <WhenFields />
        </section>
        <details class="card more" open={isMore} onToggle={(event) => setMore(event.currentTarget.open)}>
          <summary>
            <span>More</span>
            <span class="muted">
              {idOf.value === "" ? "id, prompt, dependencies, timeout …" : <code>{idOf}</code>}
            </span>
          </summary>
          <MoreFields />
        </details>
        <div class="send">
          <button type="submit" class="primary" aria-disabled={isSending}>
            {isSending ? "Sending…" : draft.value.when === "now" ? "Start task" : "Schedule"}
          </button>
          <span class="muted">
            <kbd>Ctrl</kbd> or <kbd>⌘</kbd> + <kbd>Enter</kbd>
          </span>
          {isSending && link.value.state !== "connected" && (
            <span role="status">Waiting for the connection…</span>
          )}
        </div>
      </form>
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

/** Focuses the first field, except on touch screens, where a keyboard would cover half of the page. */
function useFirstFocus(form: { current: HTMLFormElement | null }): void {
  useEffect(() => {
    if (!matchMedia("(pointer: fine)").matches) return;
    requestAnimationFrame(() => form.current?.querySelector("textarea")?.focus({ preventScroll: true }));
  }, []);
}
