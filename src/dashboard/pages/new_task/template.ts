/** The task or schedule that is copied into the form. */
import { useEffect, useState } from "preact/hooks";
import type { Task } from "../../../domain/task.ts";
import type { Rule } from "../../ui/schedule_words.ts";
import { ask } from "../../data/server.ts";
import { taskOf } from "../../data/tasks.ts";
import { draft, draftOf } from "./draft.ts";
import { copyFiles } from "./files.ts";
import { freeId } from "./suggested_id.ts";

export interface Template {
  /** The id of what was copied. */
  name?: string;
  error?: string;
}

/** Copies the task or schedule of this id into the form, once. */
export function useTemplate(id: string): Template {
  const [template, setTemplate] = useState<Template>({});
  useEffect(() => {
    setTemplate({});
    if (id === "") return;
    let isLeft = false;
    load(id).then(({ task, schedule }) => {
      if (isLeft) return;
      copyFiles(task);
      draft.value = {
        ...draftOf(task, schedule),
        id: freeId(`${id.slice(0, 90)}_2`, (other) => taskOf(other) !== undefined),
      };
      setTemplate({ name: id });
    }, (error) => {
      if (!isLeft) setTemplate({ error: error instanceof Error ? error.message : String(error) });
    });
    return () => void (isLeft = true);
  }, [id]);
  return template;
}

async function load(id: string): Promise<{ task: Task; schedule?: Rule }> {
  const { task } = await ask("get_task_status", { task_id: id });
  const { recurring, scheduled_time } = task;
  return recurring && scheduled_time !== undefined
    ? { task, schedule: { scheduled_time, recurring } }
    : { task };
}
