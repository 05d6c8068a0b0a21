/** Asks what a new key is for and what it allows. */
import type { RequestInput } from "../../../protocol/messages.ts";
import { Dialog } from "../../ui/dialog.tsx";

type NewKey = RequestInput<"create_key">["key"];

const PERMISSIONS = {
  read: "look",
  write: "start and change tasks",
  admin: "manage keys and limits",
} as const;

export interface NewKeyDialogProps {
  onCreate: (key: NewKey) => void;
  onClose: () => void;
}

export function NewKeyDialog({ onCreate, onClose }: NewKeyDialogProps) {
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const words = String(form.get("projects")).split(/[\s,]+/).filter((word) => word !== "");
    onCreate({
      name: String(form.get("name")),
      permissions: form.getAll("permissions") as NonNullable<NewKey["permissions"]>,
      expires_in_days: Number(form.get("days")),
      projects: words.length > 0 ? words : undefined,
    });
  };
  return (
    <Dialog title="New key" onClose={onClose}>
      <form onSubmit={submit} class="limit-form">
        <label>
          What it is for <input name="name" required maxLength={100} />
        </label>
        <fieldset>
          <legend>It may</legend>
          {Object.entries(PERMISSIONS).map(([permission, what]) => (
            <label key={permission}>
              <input
                type="checkbox"
                name="permissions"
                value={permission}
                defaultChecked={permission !== "admin"}
              />
              <code>{permission}</code>: {what}
            </label>
          ))}
        </fieldset>
        <label>
          Only in these projects <input name="projects" placeholder="all" />
        </label>
        <label>
          Days until it ends <input name="days" type="number" min={1} max={3650} defaultValue="365" />
        </label>
        <footer class="buttons">
          <button type="button" onClick={onClose}>Leave it</button>
          <button type="submit" class="primary">Create</button>
        </footer>
      </form>
    </Dialog>
  );
}
