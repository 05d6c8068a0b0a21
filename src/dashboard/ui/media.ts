/** How much room the window has. */
import { useSyncExternalStore } from "preact/compat";

function media(condition: string): () => boolean {
  const query = matchMedia(condition);
  const subscribe = (changed: () => void) => {
    query.addEventListener("change", changed);
    return () => query.removeEventListener("change", changed);
  };
  return () => useSyncExternalStore(subscribe, () => query.matches);
}

/** Whether only one column fits, such as on a phone. */
export const useIsNarrow = media("(max-width: 640px)");

/** Whether two texts fit beside each other. */
export const useIsWide = media("(min-width: 901px)");
