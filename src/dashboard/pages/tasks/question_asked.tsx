/** That an agent asks something, and the way to its form on the task's page. */
import { MessageCircleQuestion } from "lucide-preact";
import { Link } from "wouter-preact";
import type { Task } from "../../../domain/task.ts";
import { openQuestions } from "../../data/questions.ts";
import { Ago } from "../../ui/time.tsx";
import "./permission_asked.css";

export function QuestionAsked({ task }: { task: Task }) {
  const [open, ...others] = openQuestions(task);
  if (!open) return null;
  return (
    <div class="task-asks" role="group" aria-label={`Question of ${task.id}`}>
      <div class="task-asks-what">
        <MessageCircleQuestion size={16} aria-hidden="true" />
        <span title={open.message}>Asks: {open.message}</span>
      </div>
      <div class="buttons">
        <Link href={`/tasks/${encodeURIComponent(task.id)}`} class="button primary">Answer</Link>
        <span class="task-asks-until">
          {others.length > 0 && `${others.length} more, `}
          {open.expires_at !== undefined && (
            <>
              dismissed <Ago iso={open.expires_at} />
            </>
          )}
        </span>
      </div>
    </div>
  );
}
