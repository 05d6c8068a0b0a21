/** Sends the changes back to the agent: all comments, and a word of one's own, in one message. */
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Task } from "../../../../domain/task.ts";
import { counted } from "../../../../protocol/formats.ts";
import { client } from "../../../data/server.ts";
import { onSendKey } from "../../../keys.ts";
import { Dialog } from "../../../ui/dialog.tsx";
import { toastDone, toastError } from "../../../ui/toast.tsx";
import { type Review, toSend } from "./review.ts";

export interface SendBackProps {
  task: Task;
  head_commit: string;
  review: Review;
  onSent: () => void;
  onClose: () => void;
}

export function SendBack({ task, head_commit, review, onSent, onClose }: SendBackProps) {
  const [text, setText] = useState("");
  const [isBusy, setBusy] = useState(false);
  const field = useRef<HTMLTextAreaElement>(null);
  useLayoutEffect(() => field.current?.focus(), []);
  const { comments } = review;
  const isEmpty = text.trim() === "" && comments.length === 0;
  const send = async () => {
    if (isBusy || isEmpty) return;
    setBusy(true);
    try {
      await client.request("review_task", {
        task_id: task.id,
        verdict: "request_changes",
        message: text.trim() === "" ? undefined : text,
        comments: toSend(comments),
        head_commit,
      });
      review.setComments([]);
      toastDone("Sent back");
      onSent();
    } catch (error) {
      // The comments stay until the server has taken them.
      toastError(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog title="Send back" onClose={onClose}>
      <form
        class="send-back"
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        <p>
          {comments.length > 0
            ? `The agent gets ${
              counted(comments.length, "comment")
            } with the lines they are about, and goes on.`
            : "The agent gets what you write, and goes on."}
        </p>
        <textarea
          ref={field}
          dir="auto"
          rows={4}
          aria-label="What shall change"
          placeholder={comments.length > 0 ? "Anything else? (optional)" : "What shall change?"}
          value={text}
          onInput={({ currentTarget }) => setText(currentTarget.value)}
          onKeyDown={onSendKey(() => void send())}
        />
        <footer class="buttons">
          <button type="button" onClick={onClose}>Not yet</button>
          <button type="submit" class="primary" disabled={isBusy || isEmpty}>Send back</button>
        </footer>
      </form>
    </Dialog>
  );
}
