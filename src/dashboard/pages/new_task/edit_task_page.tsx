/** Changing a task before an agent has begun with it. */
import { useEffect, useState } from "preact/hooks";
import { Link } from "wouter-preact";
import { useAnswer } from "../../data/answer.ts";
import { useKnownAgents } from "../../data/known_agents.ts";
import { ask, client } from "../../data/server.ts";
import { put, taskOf } from "../../data/tasks.ts";
import { navigate } from "../../hash_location.ts";
import { Page } from "../../ui/page.tsx";
import { Problem } from "../../ui/problem.tsx";
import { isEditable } from "../../ui/task_actions.tsx";
import { toastDone } from "../../ui/toast.tsx";
import { changesOf } from "./changes.ts";
import { draft, edit, edited } from "./draft.ts";
import { TaskForm } from "./task_form.tsx";

export function EditTaskPage({ id }: { id: string }) {
  const place = `/tasks/${encodeURIComponent(id)}`;
  // Lists cut long prompts.
  const { value, error } = useAnswer(() => ask("get_task_status", { task_id: id }), 0, id);
  const [isFilled, setFilled] = useState(false);
  const isLoaded = value !== undefined;
  useKnownAgents();
  useEffect(() => {
    if (value === undefined) return;
    const leave = edit(value.task);
    setFilled(true);
    return leave;
  }, [isLoaded]);

  const send = async () => {
    const changes = changesOf(draft.peek(), edited.peek()!);
    if (Array.isArray(changes)) return changes;
    if (Object.keys(changes).length > 0) {
      const { task } = await client.request("update_task", { task_id: id, changes });
      put(task);
      toastDone(`Changed: ${id}`);
    }
    navigate(place);
  };

  const begun = isFilled && !isEditable(taskOf(id) ?? value!.task);
  return (
    <Page
      class="new-task-page"
      title={
        <h1>
          Edit task <code class="muted">{id}</code>
        </h1>
      }
      actions={<Link class="button" href={place}>Leave it as it is</Link>}
    >
      {error !== undefined && <Problem what="The task cannot be edited" error={error} />}
      {begun && (
        <p class="notice notice-warning" role="alert">
          An agent has begun with this task, so that it can no longer be edited.{" "}
          <Link href={place}>Say it to the agent</Link>.
        </p>
      )}
      {isFilled && (
        <TaskForm
          label="Edit task"
          action="Save"
          send={send}
          filled={isFilled}
          moreHint="prompt, dependencies, timeout …"
        />
      )}
    </Page>
  );
}
