/** A dialog that requests a change. If the server refuses it, the dialog stays open and shows the problems. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { Dialog } from "../../ui/dialog.tsx";
import { toastDone, toastError } from "../../ui/toast.tsx";
import { type Change, change, type FieldProblems, NO_PROBLEMS } from "./change.ts";

export interface FormDialogProps {
  title: string;
  action: string;
  isDanger?: boolean;
  /** The request to send, or a string that says why it cannot be sent. */
  requested: () => Change | string;
  /** The notice after success. */
  done: string;
  onDone: () => void;
  onClose: () => void;
  /** The fields. The dialog itself shows problems of fields that the children do not have. */
  children: (problems: FieldProblems) => ComponentChildren;
  fields: readonly string[];
}

export function FormDialog(props: FormDialogProps) {
  const { title, action, isDanger, requested, done, onDone, onClose, children, fields } = props;
  const [problems, setProblems] = useState(NO_PROBLEMS);
  const [refusal, setRefusal] = useState<string>();
  const [isSending, setSending] = useState(false);
  const send = async (event: Event) => {
    event.preventDefault();
    const asked = requested();
    setRefusal(undefined);
    if (typeof asked === "string") return setRefusal(asked);
    setSending(true);
    try {
      const found = await change(asked);
      setProblems(found);
      if (found.size > 0) return;
      toastDone(done);
      onDone();
      onClose();
    } catch (error) {
      toastError(error);
    } finally {
      setSending(false);
    }
  };
  const elsewhere = [...problems].filter(([field]) => !fields.includes(field)).map(([, message]) => message);
  return (
    <Dialog title={title} onClose={onClose}>
      <form
        class="limit-form"
        noValidate
        onSubmit={(event) => void send(event)}
        onInput={() => setProblems(NO_PROBLEMS)}
      >
        {children(problems)}
        {[...(refusal === undefined ? [] : [refusal]), ...elsewhere].map((message) => (
          <p key={message} class="notice notice-error" role="alert">{message}</p>
        ))}
        <footer class="buttons">
          <button type="button" onClick={onClose}>Leave it</button>
          <button type="submit" class={isDanger ? "danger" : "primary"} disabled={isSending}>{action}</button>
        </footer>
      </form>
    </Dialog>
  );
}
