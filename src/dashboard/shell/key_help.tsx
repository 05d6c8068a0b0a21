/** The dialog behind `?`: the shortcuts of this page, and the switch for them. */
import { areKeysOn, shortcuts, switchKeys } from "../keys.ts";
import { Dialog } from "../ui/dialog.tsx";

export function KeyHelp({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title="Keyboard" onClose={onClose}>
      <dl class="keys">
        {shortcuts().map(({ key, does }) => [
          <dt key={key}>{namesOf(key).map((one) => <kbd key={one}>{one}</kbd>)}</dt>,
          <dd key={`${key}-does`}>{does}</dd>,
        ])}
      </dl>
      <label>
        <input
          type="checkbox"
          checked={areKeysOn.value}
          onChange={(event) => switchKeys(event.currentTarget.checked)}
        />
        Single-key shortcuts are on
      </label>
    </Dialog>
  );
}

/** The keys to press one after the other. */
function namesOf(key: string): string[] {
  return key === " " ? ["space"] : key.split(" ");
}
