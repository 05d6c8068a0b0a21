/** Whether only one column fits, such as on a phone. */
import { useSyncExternalStore } from "preact/compat";

const query = matchMedia("(max-width: 640px)");

function subscribe(changed: () => void): () => void {
  query.addEventListener("change", changed);
  return () => query.removeEventListener("change", changed);
}

export function useIsNarrow(): boolean {
  return useSyncExternalStore(subscribe, () => query.matches);
}
