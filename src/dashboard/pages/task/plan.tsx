/** The agent's plan, step by step. */
import { Circle, CircleCheck, CircleDot } from "lucide-preact";
import type { PlanStep, Task } from "../../../domain/task.ts";
import { isFinished } from "../../../domain/task_values.ts";
import { counted } from "../../../protocol/formats.ts";
import "./plan.css";

const STEPS: Record<PlanStep["status"], { name: string; icon: typeof Circle }> = {
  pending: { name: "to come", icon: Circle },
  in_progress: { name: "at work", icon: CircleDot },
  completed: { name: "done", icon: CircleCheck },
};

export function Plan({ task }: { task: Task }) {
  const { status, progress_details: details } = task;
  const steps = details?.steps ?? [];
  const more = Math.max(0, (details?.total_steps ?? 0) - steps.length);
  return (
    <div class="card">
      <h2>Plan</h2>
      {steps.length > 0
        ? (
          <>
            <ol class="plan">
              {steps.map((step, index) => {
                const { name, icon: Icon } = STEPS[step.status];
                return (
                  <li key={index} class={`plan-${step.status}${status === "running" ? " is-live" : ""}`}>
                    <Icon size={18} aria-hidden="true" />
                    <span>{step.title}</span>
                    <span class="visually-hidden">, {name}</span>
                  </li>
                );
              })}
            </ol>
            {more > 0 && <p class="muted">{counted(more, "more step")}</p>}
          </>
        )
        : <p class="muted plan-none">{withoutPlan(task)}</p>}
    </div>
  );
}

function withoutPlan({ status, progress_details }: Task): string {
  const activity = progress_details?.current_step;
  if (status === "pending") return "The task has not started. The agent's plan appears here.";
  if (status === "queued") return "The task waits for a free slot. The agent's plan appears here.";
  if (isFinished(status)) {
    return activity
      ? `The agent reported no plan. Last activity: ${activity}`
      : "The agent reported no plan.";
  }
  // The page's head says what it does now.
  return "The agent has reported no plan yet.";
}
