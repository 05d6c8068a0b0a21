/** The frame of a form for a task: it sends what is written once, and shows at which field something is wrong. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { link } from "../../data/server.ts";
import { onSendKey } from "../../keys.ts";
import { draft, hasMore } from "./draft.ts";
import { MoreFields } from "./more_fields.tsx";
import { ProblemSummary } from "./problem_summary.tsx";
import { type Problem, problemsIn, show } from "./problems.ts";
import { ShortFields } from "./short_fields.tsx";
import { WhenFields } from "./when_fields.tsx";
import "./new_task.css";

const MORE_FIELDS =
  /^task\.(?:id|files_pattern|dependencies|timeout|metadata(?!\.project).*|execution\.(?!agent|working_dir|attachments|model|effort|mode|permissions).*)$/;

export interface TaskFormProps {
  label: string;
  /** What the button that sends says. */
  action: string;
  /** Resolves to what is wrong before anything is sent. Rejects like `client.request`. */
  send: () => Promise<readonly Problem[] | undefined>;
  /** What the folded part has, which opens on request or when something is wrong there. */
  moreHint: ComponentChildren;
  /** A new value means that the form has been filled anew. */
  filled: unknown;
  /** Further attributes of the form. */
  drop?: { isOver: boolean; handlers: Record<string, (event: never) => void> };
}

export function TaskForm(props: TaskFormProps) {
  const { label, action, send, moreHint, filled, drop } = props;
  const [isSending, setSending] = useState(false);
  const [isMore, setMore] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const summary = useRef<HTMLDivElement>(null);
  useFirstFocus(form);
  useEffect(() => show([]), []);
  useEffect(() => setMore(hasMore(draft.peek())), [filled]);

  const refused = (all: readonly Problem[]) => {
    show(all);
    if (all.some(({ field }) => field !== undefined && MORE_FIELDS.test(field))) setMore(true);
    // Once it is drawn.
    requestAnimationFrame(() =>
      requestAnimationFrame(() =>
        (form.current?.querySelector<HTMLElement>("[aria-invalid]") ?? summary.current)?.focus()
      )
    );
  };
  const submit = async () => {
    if (isSending) return;
    setSending(true);
    try {
      const problems = await send();
      if (problems === undefined) show([]);
      else refused(problems);
    } catch (error) {
      refused(problemsIn(error));
    } finally {
      setSending(false);
    }
  };

  return (
    <>
      <ProblemSummary box={summary} />
      <form
        ref={form}
        class={drop?.isOver ? "is-dropping" : ""}
        {...drop?.handlers}
        noValidate
        aria-label={label}
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
        onKeyDown={onSendKey(() => void submit())}
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
            <span class="muted">{moreHint}</span>
          </summary>
          <MoreFields />
        </details>
        <div class="send">
          <button type="submit" class="primary" aria-disabled={isSending}>
            {isSending ? "Sending…" : action}
          </button>
          <span class="muted">
            <kbd>Ctrl</kbd> or <kbd>⌘</kbd> + <kbd>Enter</kbd>
          </span>
          {isSending && link.value.state !== "connected" && (
            <span role="status">Waiting for the connection…</span>
          )}
        </div>
      </form>
    </>
  );
}

/** Focuses the first field, except on touch screens, where a keyboard would cover half of the page. */
function useFirstFocus(form: { current: HTMLFormElement | null }): void {
  useEffect(() => {
    if (!matchMedia("(pointer: fine)").matches) return;
    requestAnimationFrame(() => form.current?.querySelector("textarea")?.focus({ preventScroll: true }));
  }, []);
}
