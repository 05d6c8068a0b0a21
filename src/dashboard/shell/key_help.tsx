/** What `?` shows: the keys that work here. */
import { shortcuts } from "../keys.ts";
import { Dialog } from "../ui/dialog.tsx";

export function KeyHelp({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title="Keyboard" onClose={onClose}>
      <dl class="keys">
        {shortcuts().map(({ key, does }) => [
          <dt key={key}>
            <kbd>{key}</kbd>
          </dt>,
          <dd key={`${key}-does`}>{does}</dd>,
        ])}
      </dl>
    </Dialog>
  );
}
