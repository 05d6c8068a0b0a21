/** One task: its state, what its agent did, and the result. */
import { ChevronRight } from "lucide-preact";
import { useEffect } from "preact/hooks";
import { Link } from "wouter-preact";
import { ApiError } from "../../../domain/errors.ts";
import type { Task } from "../../../domain/task.ts";
import { useAnswer } from "../../data/answer.ts";
import { useConversation } from "../../data/conversation.ts";
import { ask } from "../../data/server.ts";
import { refreshTask, taskOf } from "../../data/tasks.ts";
import { navigate, usePlace } from "../../hash_location.ts";
import { useShortcuts } from "../../keys.ts";
import { Page } from "../../ui/page.tsx";
import { Problem } from "../../ui/problem.tsx";
import { ChangesTab } from "./changes/changes_tab.tsx";
import { ConversationTab } from "./conversation_tab.tsx";
import { DetailsTab } from "./details_tab.tsx";
import { LogTab } from "./log_tab.tsx";
import { PermissionPanels } from "./permission_panel.tsx";
import { QuestionPanels } from "./question_panel.tsx";
import { TaskActions } from "./task_actions.tsx";
import { TaskState } from "./task_state.tsx";
import "./task.css";
import { TOOLS, useTaskLog } from "./task_log.ts";

const TABS = [
  { name: "", title: "Conversation", content: ConversationTab },
  { name: "changes", title: "Changes", content: ChangesTab },
  { name: "log", title: "Log", content: LogTab },
  { name: "details", title: "Details", content: DetailsTab },
];

/** Former tabs, so that old links still work. */
const OLD_TABS: Record<string, string> = { tools: "", attempts: "details", result: "details" };

export function TaskPage({ id }: { id: string }) {
  const task = taskOf(id);
  // Pushes keep the task up to date, but lack some fields that change with the status.
  const { value, error } = useAnswer(() => refreshTask(id), 0, `${id} ${task?.status}`);
  const isSchedule = value?.id === id && value.recurring !== undefined;
  useEffect(() => {
    if (isSchedule) navigate(`/schedules?schedule=${encodeURIComponent(id)}`, { replace: true });
  }, [isSchedule, id]);
  if (task) return <KnownTask task={task} />;
  if (error === undefined) return <Bare id={id} title="Task">Loading…</Bare>;
  if (error instanceof ApiError && /^(TASK_NOT_FOUND|INVALID_FIELD_)/.test(error.code)) {
    return (
      <Bare id={id} title="No such task">
        <strong>No task has this id</strong>
        <p>
          Check the spelling. The task may also have been removed: the server deletes tasks some time after
          they end.
        </p>
        <Link class="button" href="/tasks">All tasks</Link>
      </Bare>
    );
  }
  return (
    <Page title={<TaskTitle>{id}</TaskTitle>}>
      <Problem what="The task cannot be shown" error={error} />
    </Page>
  );
}

/** The link back to all tasks, and the task's title. */
function TaskTitle({ children }: { children: preact.ComponentChildren }) {
  return (
    <>
      <Link class="crumb" href="/tasks">Tasks</Link>
      <ChevronRight class="crumb-mark" size={14} aria-hidden="true" />
      <h1 class="task-title" dir="auto" title={typeof children === "string" ? children : undefined}>
        {children}
      </h1>
    </>
  );
}

function Bare({ id, title, children }: { id: string; title: string; children: preact.ComponentChildren }) {
  return (
    <Page
      title={
        <TaskTitle>
          {title} <code class="muted">{id}</code>
        </TaskTitle>
      }
    >
      <div class="empty">{children}</div>
    </Page>
  );
}

function KnownTask({ task }: { task: Task }) {
  const { id, status, attempt } = task;
  const [place, setPlace] = usePlace();
  const asked = place.get("tab") ?? "";
  const at = Math.max(0, TABS.findIndex(({ name }) => name === (OLD_TABS[asked] ?? asked)));
  const conversation = useConversation(id);
  const answers = conversation.messages.filter(({ role }) => role === "agent").length;
  const result = useAnswer(
    async () => (await ask("get_task_result", { task_id: id })).result,
    0,
    `${id} ${status} ${attempt} ${answers}`,
  );
  const { name, title, content: Content } = TABS[at]!;
  const tools = useTaskLog(id, TOOLS, name === "" || name === "changes");
  const show = (step: number) => setPlace({ tab: TABS[(at + step + TABS.length) % TABS.length]!.name });
  // Among the changes, these keys go from file to file.
  useShortcuts(
    name === "changes" ? [] : [
      { key: "]", does: "Next tab of the task", run: () => show(1) },
      { key: "[", does: "Previous tab of the task", run: () => show(-1) },
    ],
    [at, id],
  );
  const files = task.changes?.files ?? 0;
  return (
    <Page
      class={`task-page${name === "" ? " is-talk" : ""}`}
      title={<TaskTitle>{task.description}</TaskTitle>}
      actions={<TaskActions task={task} />}
      bar={
        <>
          <nav class="tabs" aria-label="About this task">
            {TABS.map((tab) => (
              <Link
                key={tab.name}
                href={`/tasks/${encodeURIComponent(id)}${tab.name === "" ? "" : `?tab=${tab.name}`}`}
                aria-current={tab.name === name ? "page" : undefined}
              >
                {tab.title}
                {tab.name === "changes" && files > 0 && <span class="count">{files}</span>}
              </Link>
            ))}
          </nav>
          <span class="grow" />
          <TaskState task={task} />
        </>
      }
    >
      {name !== "" && (
        <>
          <PermissionPanels task={task} />
          <QuestionPanels task={task} />
        </>
      )}
      <section aria-label={title} class="task-tab">
        <Content task={task} result={result} tools={tools} conversation={conversation} />
      </section>
    </Page>
  );
}
