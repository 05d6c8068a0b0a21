/** A comment on lines of a diff: being written, or waiting to be sent with the others. */
import { Pencil, Trash2 } from "lucide-preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { onSendKey } from "../../../keys.ts";
import type { Comment } from "./review.ts";

const LONGEST = 4000;

function linesText({ line, end_line = line, side = "new" }: Comment): string {
  const lines = end_line > line ? `Lines ${line}–${end_line}` : `Line ${line}`;
  return side === "old" ? `${lines}, before the change` : lines;
}

export interface CommentEditorProps {
  comment: Comment;
  onDone: (text: string) => void;
  onRemove: () => void;
}

export function CommentEditor({ comment, onDone, onRemove }: CommentEditorProps) {
  const [text, setText] = useState(comment.text);
  const field = useRef<HTMLTextAreaElement>(null);
  // Before it is seen: what is typed at once would be taken for shortcuts.
  useLayoutEffect(() => field.current?.focus(), []);
  const done = () => {
    if (text.trim() !== "") onDone(text.trim());
  };
  return (
    <form
      class="comment-editor"
      onSubmit={(event) => {
        event.preventDefault();
        done();
      }}
    >
      <textarea
        ref={field}
        dir="auto"
        rows={2}
        maxLength={LONGEST}
        aria-label={`Comment on ${linesText(comment).toLowerCase()}`}
        value={text}
        onInput={({ currentTarget }) => setText(currentTarget.value)}
        onKeyDown={(event) => {
          onSendKey(done)(event);
          if (event.key === "Escape" && text.trim() === "") onRemove();
        }}
      />
      <div class="comment-foot">
        <span class="muted grow">{linesText(comment)}</span>
        <button type="button" class="icon-button comment-remove" onClick={onRemove}>Remove</button>
        <button type="submit" disabled={text.trim() === ""}>Add to review</button>
      </div>
    </form>
  );
}

export interface CommentViewProps {
  comment: Comment;
  onEdit: () => void;
  onRemove: () => void;
}

export function CommentView({ comment, onEdit, onRemove }: CommentViewProps) {
  return (
    <div class="comment" role="group" aria-label={`Your comment, ${linesText(comment).toLowerCase()}`}>
      <div class="comment-head">
        <b>You</b>
        <span class="muted">{linesText(comment).toLowerCase()}</span>
        <span class="badge comment-new">not sent yet</span>
        {comment.outdated && <span class="badge" title="These lines have changed since">outdated</span>}
        <span class="grow" />
        <button type="button" class="icon-button" aria-label="Edit the comment" title="Edit" onClick={onEdit}>
          <Pencil size={14} aria-hidden="true" />
        </button>
        <button
          type="button"
          class="icon-button"
          aria-label="Remove the comment"
          title="Remove"
          onClick={onRemove}
        >
          <Trash2 size={14} aria-hidden="true" />
        </button>
      </div>
      <p dir="auto">{comment.text}</p>
    </div>
  );
}
