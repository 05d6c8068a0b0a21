/** Where a person writes to the agent: when the message is read, the messages that wait, and a draft that is kept. */
import { CornerDownRight, Paperclip } from "lucide-preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { systemClock } from "../../../clock/clock.ts";
import type { Task } from "../../../domain/task.ts";
import { isFinished } from "../../../domain/task_values.ts";
import { ApiError } from "../../../domain/errors.ts";
import type { MessageMode } from "../../../domain/message.ts";
import type { ConversationMessage } from "../../../protocol/conversation_messages.ts";
import { counted } from "../../../protocol/formats.ts";
import { sendMessage, withdrawMessage } from "../../data/conversation.ts";
import { FilesToSend } from "../../data/files_to_send.ts";
import { draftOf, keepDraft } from "../../data/drafts.ts";
import { onSendKey, useShortcuts } from "../../keys.ts";
import { useFileDrop } from "../../ui/file_drop.ts";
import { FileRows } from "../../ui/file_rows.tsx";
import { Segments } from "../../ui/segments.tsx";
import { attempt, toastError } from "../../ui/toast.tsx";
import "./composer.css";

export interface ComposerProps {
  task: Task;
  agent: string;
  /** The messages that wait, in order. */
  waiting: readonly ConversationMessage[];
  sent: () => void;
}

const MODES: readonly { value: MessageMode; name: string; title: string }[] = [
  { value: "next", name: "After this turn", title: "The next turn begins with it" },
  {
    value: "steer",
    name: "Into it",
    title: "The agent reads it while it works, if it takes that; else after this turn",
  },
  { value: "now", name: "Now", title: "The present turn is ended first" },
];

const IS_APPLE = /Mac|iPhone|iPad/.test(navigator.platform);

export function Composer({ task, agent, waiting, sent }: ComposerProps) {
  const { id, status } = task;
  const [text, setText] = useState(() => draftOf(id));
  const [mode, setMode] = useState<MessageMode>("next");
  const [problem, setProblem] = useState<string>();
  const [isSending, setSending] = useState(false);
  const [files] = useState(() => new FilesToSend());
  const field = useRef<HTMLTextAreaElement>(null);
  const picker = useRef<HTMLInputElement>(null);
  const drop = useFileDrop((chosen) => files.add(chosen));
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
    setProblem(files.problem);
    if (files.problem !== undefined) return;
    setSending(true);
    try {
      const { ids } = files;
      const attachments = ids.length > 0 ? ids : undefined;
      await sendMessage(id, text, { mode: isRunning ? mode : "next", attachments });
      change("");
      files.clear();
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
    const { attached_files: known = [] } = message;
    if (known.length > 0) files.putKnown(known.map(({ id, name, bytes }) => ({ id, name, size: bytes })));
    field.current?.focus();
  };

  return (
    <>
      {waiting.length > 0 && (
        <ul class="waiting" aria-label="Messages that wait">
          {waiting.map((message) => (
            <li key={message.id}>
              <CornerDownRight size={14} aria-hidden="true" />
              <span class="clip grow" title={message.text}>
                {whenRead(task)}: “{message.text}”{withFiles(message)}
              </span>
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
        class={`composer${drop.isOver ? " is-dropping" : ""}`}
        {...drop.handlers}
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
          onKeyDown={onSendKey(() => void send())}
        />
        {problem !== undefined && <p id="composer-problem" class="composer-problem" role="alert">{problem}
        </p>}
        <FileRows of={files} label="Files of the message" onRemoved={() => field.current?.focus()} />
        <div class="composer-row">
          <input
            ref={picker}
            type="file"
            multiple
            hidden
            aria-label="Files"
            onChange={({ currentTarget }) => {
              files.add(currentTarget.files ?? []);
              currentTarget.value = "";
            }}
          />
          <button
            type="button"
            class="icon-button"
            aria-label="Attach files"
            title="Attach files. You can also drop or paste them."
            onClick={() => picker.current?.click()}
          >
            <Paperclip size={16} aria-hidden="true" />
          </button>
          {isRunning && <Segments label="When it is read" choices={MODES} chosen={mode} choose={setMode} />}
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

function withFiles({ attached_files = [] }: ConversationMessage): string {
  return attached_files.length === 0 ? "" : `, with ${counted(attached_files.length, "file")}`;
}

const HINTS: Record<MessageMode, string> = {
  next: "It is read after this turn.",
  steer: "It is read while it works, if the agent takes that.",
  now: "The turn ends for it.",
};

function hint({ status, attempt }: Task, mode: MessageMode): string {
  if (isFinished(status)) return "The task goes on with it.";
  if (status === "running") return HINTS[mode];
  return attempt === 0 ? "It is read after the first prompt." : "It is read when the task goes on.";
}
