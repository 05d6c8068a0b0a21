/** Short notices of success and failure. They disappear by themselves; errors stay longer. */
import { signal } from "@preact/signals";
import { systemClock } from "../../clock/clock.ts";
import { ApiError } from "../../domain/errors.ts";
import { needsKey } from "../data/key.ts";
import { useShortcuts } from "../keys.ts";
import "./toast.css";

interface Toast {
  id: number;
  kind: "done" | "error";
  title: string;
  text?: string;
  /** Takes back what was done. */
  undo?: (() => void) | undefined;
}

const SHOWN_MS = { done: 4000, error: 12_000 };
const UNDO_WITHIN_MS = 10_000;
const SHOWN_MAX = 4;

const toasts = signal<readonly Toast[]>([]);
let serial = 0;

function show(toast: Omit<Toast, "id">): void {
  const id = ++serial;
  toasts.value = [...toasts.value, { ...toast, id }].slice(-SHOWN_MAX);
  systemClock.after(toast.undo ? UNDO_WITHIN_MS : SHOWN_MS[toast.kind], () => dismiss(id));
}

function dismiss(id: number): void {
  toasts.value = toasts.value.filter((toast) => toast.id !== id);
}

export function toastDone(title: string, undo?: () => void): void {
  show({ kind: "done", title, undo });
}

/** Shows any thrown value. An error that is already shown is not repeated. */
export function toastError(error: unknown): void {
  if (needsKey(error)) return;
  const title = error instanceof ApiError ? error.code : "Something went wrong";
  const text = error instanceof Error ? error.message : String(error);
  if (toasts.value.some((toast) => toast.text === text)) return;
  show({ kind: "error", title, text });
}

/** Runs an action that the user requested and reports the outcome. Resolves to whether it succeeded. */
export async function attempt(action: () => Promise<unknown>, done: string): Promise<boolean> {
  try {
    await action();
    toastDone(done);
    return true;
  } catch (error) {
    toastError(error);
    return false;
  }
}

export function Toasts() {
  const undoable = toasts.value.findLast(({ undo }) => undo !== undefined);
  const takeBack = ({ id, undo }: Toast) => {
    dismiss(id);
    undo?.();
  };
  useShortcuts(
    undoable === undefined ? [] : [{ key: "z", does: "Undo", run: () => takeBack(undoable) }],
    [undoable],
  );
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.value.map((toast) => {
        const { id, kind, title, text, undo } = toast;
        return (
          <div key={id} class={`toast toast-${kind}`}>
            <div>
              <strong>{title}</strong>
              {text && <p>{text}</p>}
            </div>
            {undo !== undefined && (
              <button type="button" onClick={() => takeBack(toast)}>
                Undo <kbd aria-hidden="true">z</kbd>
              </button>
            )}
            <button type="button" class="icon-button" aria-label="Dismiss" onClick={() => dismiss(id)}>
              ×
            </button>
          </div>
        );
      })}
    </div>
  );
}
