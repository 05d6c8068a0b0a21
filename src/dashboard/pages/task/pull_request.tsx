/** What checks and reviewers of the task's pull request said that waits for a decision. */
import { GitPullRequest } from "lucide-preact";
import { useState } from "preact/hooks";
import type { Task } from "../../../domain/task.ts";
import { counted } from "../../../protocol/formats.ts";
import { sendMessage } from "../../data/conversation.ts";
import { refreshTask } from "../../data/tasks.ts";
import { attempt } from "../../ui/toast.tsx";
import "./pull_request.css";

/** Shows nothing while no feedback waits. */
export function FeedbackPanel({ task, agent }: { task: Task; agent: string }) {
  const [isBusy, setBusy] = useState(false);
  const { id, pull_request: pull } = task;
  const feedback = pull?.feedback ?? [];
  if (pull === undefined || feedback.length === 0) return null;
  const hand = async () => {
    setBusy(true);
    const isSent = await attempt(async () => {
      // It comes with the schemas, which no page needs at its start.
      const { feedbackMessage } = await import("../../../domain/pull_request.ts");
      await sendMessage(id, feedbackMessage(pull, feedback), { mode: "next" });
    }, `Handed to ${agent}`);
    if (isSent) await refreshTask(id).catch(() => {});
    setBusy(false);
  };
  return (
    <div class="asked-list">
      <section class="card asked" aria-label={`Feedback on pull request #${pull.number}`}>
        <header>
          <GitPullRequest size={20} aria-hidden="true" />
          <div>
            <p class="muted">Checks and reviewers of pull request #{pull.number} say</p>
            <h2>{counted(feedback.length, "thing")} to decide about</h2>
          </div>
        </header>
        <ul class="feedback">
          {feedback.map(({ id, kind, title, author, text, url }) => (
            <li key={`${kind} ${id}`}>
              <p>
                {url === undefined
                  ? <b>{title}</b>
                  : <a href={url} target="_blank" rel="noopener noreferrer">{title}</a>}{" "}
                <span class="muted">{kind === "check" ? "failed" : author}</span>
              </p>
              <pre tabIndex={0}>{text}</pre>
            </li>
          ))}
        </ul>
        <div class="buttons">
          <button type="button" class="primary" disabled={isBusy} onClick={() => void hand()}>
            Hand it to {agent}
          </button>
          <span class="muted">Or say below what to make of it.</span>
        </div>
      </section>
    </div>
  );
}
