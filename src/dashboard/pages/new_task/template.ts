/** The task or schedule that is copied into the form. */
import { useEffect, useState } from "preact/hooks";
import { ApiError } from "../../../domain/errors.ts";
import type { NewTask, Task } from "../../../domain/task.ts";
import type { Schedule } from "../../../protocol/schedule_messages.ts";
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

async function load(id: string): Promise<{ task: Task | NewTask; schedule?: Schedule }> {
  try {
    return { task: (await ask("get_task_status", { task_id: id })).task };
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== "TASK_NOT_FOUND") throw error;
    const { schedules } = await ask("list_schedules", { upcoming: 0 });
    const schedule = schedules.find((one) => one.id === id);
    if (!schedule) throw error;
    return { task: schedule.task as NewTask, schedule };
  }
}
