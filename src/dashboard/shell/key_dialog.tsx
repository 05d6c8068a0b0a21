/** Asks for the API key when the server requires one. */
import { useId } from "preact/hooks";
import { keyNeeded, openWith } from "../data/key.ts";
import { Dialog } from "../ui/dialog.tsx";

export function KeyDialog() {
  const field = useId();
  if (keyNeeded.value === undefined) return null;
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const key = new FormData(event.currentTarget as HTMLFormElement).get("key");
    if (typeof key === "string" && key.trim() !== "") openWith(key.trim());
  };
  return (
    <Dialog title="API key" onClose={() => {/* Without a key there is nothing to see. */}}>
      <p>
        {keyNeeded.value} <code>opencode-agents keys create NAME</code>{" "}
        creates one; for the owner of the server, <code>opencode-agents link</code>{" "}
        prints a link that signs this browser in.
      </p>
      <form class="buttons" onSubmit={submit}>
        <label for={field} class="visually-hidden">API key</label>
        <input
          id={field}
          name="key"
          type="password"
          autocomplete="off"
          required
          placeholder="sk-…"
          style={{ flex: 1 }}
        />
        <button type="submit" class="primary">Open</button>
      </form>
      <p class="muted">The key is kept for this tab only.</p>
    </Dialog>
  );
}
