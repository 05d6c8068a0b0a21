/** Where a person writes to the agent: when the message is read, the messages that wait, and a draft that is kept. */
import { CornerDownRight } from "lucide-preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { systemClock } from "../../../clock/clock.ts";
import type { Task } from "../../../domain/task.ts";
import { isFinished } from "../../../domain/task_values.ts";
import { ApiError } from "../../../domain/errors.ts";
import type { ConversationMessage } from "../../../protocol/conversation_messages.ts";
import { sendMessage, type SendMode, withdrawMessage } from "../../data/conversation.ts";
import { draftOf, keepDraft } from "../../data/drafts.ts";
import { useShortcuts } from "../../keys.ts";
import { attempt, toastError } from "../../ui/toast.tsx";
import "./composer.css";

export interface ComposerProps {
  task: Task;
  agent: string;
  /** The messages that wait, in order. */
  waiting: readonly ConversationMessage[];
  sent: () => void;
}

const IS_APPLE = /Mac|iPhone|iPad/.test(navigator.platform);

export function Composer({ task, agent, waiting, sent }: ComposerProps) {
  const { id, status } = task;
  const [text, setText] = useState(() => draftOf(id));
  const [mode, setMode] = useState<SendMode>("next");
  const [problem, setProblem] = useState<string>();
  const [isSending, setSending] = useState(false);
  const field = useRef<HTMLTextAreaElement>(null);
  const isRunning = status === "running";
  const change = (text: string) => {
    setText(text);
    keepDraft(id, text, systemClock.now());
  };
  useShortcuts([{ key: "m", does: "Say something to the agent", run: () => field.current?.focus() }], []);
  // A mode belongs to the turn for which it was chosen.
  useEffect(() => setMode("next"), [task.turn, isRunning]);

  const send = async () => {
    if (text.trim() === "" || isSending) return;
    setSending(true);
    setProblem(undefined);
    try {
      await sendMessage(id, text, isRunning ? mode : "next");
      change("");
      sent();
    } catch (error) {
      // The text stays, so that it can be sent again.
      if (error instanceof ApiError && error.code.startsWith("INVALID_")) setProblem(error.message);
      else toastError(error);
    } finally {
      setSending(false);
    }
  };
  const takeBack = async (message: ConversationMessage) => {
    const isBack = await attempt(() => withdrawMessage(id, message.id), "Taken back");
    if (!isBack) return;
    change(text.trim() === "" ? message.text : `${message.text}\n\n${text}`);
    field.current?.focus();
  };

  return (
    <>
      {waiting.length > 0 && (
        <ul class="waiting" aria-label="Messages that wait">
          {waiting.map((message) => (
            <li key={message.id}>
              <CornerDownRight size={14} aria-hidden="true" />
              <span class="clip grow" title={message.text}>{whenRead(task)}: “{message.text}”</span>
              <button type="button" class="icon-button waiting-button" onClick={() => void takeBack(message)}>
                Edit
              </button>
              <button
                type="button"
                class="icon-button waiting-button"
                onClick={() => void attempt(() => withdrawMessage(id, message.id), "Withdrawn")}
              >
                Withdraw
              </button>
            </li>
          ))}
        </ul>
      )}
      <form
        class="composer"
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        <textarea
          ref={field}
          rows={1}
          dir="auto"
          aria-label={`Message to ${agent}`}
          aria-describedby={problem === undefined ? undefined : "composer-problem"}
          aria-invalid={problem === undefined ? undefined : true}
          placeholder={`Say something to ${agent}. ${hint(task, mode)}`}
          value={text}
          onInput={({ currentTarget }) => change(currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
            event.preventDefault();
            void send();
          }}
        />
        {problem !== undefined && <p id="composer-problem" class="composer-problem" role="alert">{problem}
        </p>}
        <div class="composer-row">
          {isRunning && (
            <div class="segments" role="group" aria-label="When it is read">
              <button type="button" aria-pressed={mode === "next"} onClick={() => setMode("next")}>
                After this turn
              </button>
              <button
                type="button"
                aria-pressed={mode === "now"}
                title="The present turn is ended first"
                onClick={() => setMode("now")}
              >
                Now
              </button>
            </div>
          )}
          <span class="grow" />
          <button type="submit" class="primary" disabled={isSending || text.trim() === ""}>
            Send <kbd aria-hidden="true">{IS_APPLE ? "⌘" : "Ctrl"}↵</kbd>
          </button>
        </div>
      </form>
    </>
  );
}

function whenRead({ status }: Task): string {
  return status === "running" ? "After this turn" : "When it goes on";
}

function hint({ status, attempt }: Task, mode: SendMode): string {
  if (isFinished(status)) return "The task goes on with it.";
  if (status === "running") return mode === "now" ? "The turn ends for it." : "It is read after this turn.";
  return attempt === 0 ? "It is read after the first prompt." : "It is read when the task goes on.";
}
