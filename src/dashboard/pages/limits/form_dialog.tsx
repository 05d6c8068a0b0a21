/** A dialog that asks for a change, stays open while the server finds something wrong with it, and says so. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { Dialog } from "../../ui/dialog.tsx";
import { toastDone, toastError } from "../../ui/toast.tsx";
import { type Change, change, type FieldProblems, NO_PROBLEMS } from "./change.ts";

export interface FormDialogProps {
  title: string;
  action: string;
  isDanger?: boolean;
  /** What is to be asked for; a string says why nothing can be. */
  wanted: () => Change | string;
  /** Said when it worked. */
  done: string;
  onDone: () => void;
  onClose: () => void;
  /** What problems there are with fields that the children do not show is told by the dialog. */
  children: (problems: FieldProblems) => ComponentChildren;
  fields: readonly string[];
}

export function FormDialog(props: FormDialogProps) {
  const { title, action, isDanger, wanted, done, onDone, onClose, children, fields } = props;
  const [problems, setProblems] = useState(NO_PROBLEMS);
  const [refusal, setRefusal] = useState<string>();
  const [isSending, setSending] = useState(false);
  const send = async (event: Event) => {
    event.preventDefault();
    const asked = wanted();
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
