/** The page's address, kept after the `#`, so that it works below any path and the server need not know it. */
import { useSyncExternalStore } from "preact/compat";

function current(): string {
  const hash = location.hash.replace(/^#/, "");
  return hash.startsWith("/") ? hash : `/${hash}`;
}

function subscribe(changed: () => void): () => void {
  addEventListener("hashchange", changed);
  return () => removeEventListener("hashchange", changed);
}

export interface NavigateOptions {
  /** Whether to replace the current entry of the history. */
  replace?: boolean;
}

/** Goes to a place such as `/tasks/abc?tab=log`. */
export function navigate(to: string, { replace = false }: NavigateOptions = {}): void {
  if (to === current()) return;
  if (!replace) return void (location.hash = to);
  history.replaceState(null, "", `#${to}`);
  // The browser fires no event for a replaced entry.
  dispatchEvent(new HashChangeEvent("hashchange"));
}

/** Wouter's location hook: the path without the query. */
export function useHashPath(): [string, typeof navigate] {
  return [useSyncExternalStore(subscribe, () => current().split("?")[0]!), navigate];
}

/** Wouter's search hook: the query. */
export function useHashSearch(): string {
  return useSyncExternalStore(subscribe, () => current().split("?")[1] ?? "");
}

/** The query's parameters, and a function that changes some of them. An empty value removes a parameter. */
export function usePlace(): [URLSearchParams, (change: Record<string, string>) => void] {
  const [path] = useHashPath();
  const parameters = new URLSearchParams(useHashSearch());
  const change = (changes: Record<string, string>) => {
    // Read again: others may have changed parameters since the last render.
    const [there, search_there = ""] = current().split("?");
    // After the user left the page, a late change must not lead back to it.
    if (there !== path) return;
    const parameters = new URLSearchParams(search_there);
    for (const [name, value] of Object.entries(changes)) {
      if (value === "") parameters.delete(name);
      else parameters.set(name, value);
    }
    const search = parameters.toString();
    navigate(search === "" ? path : `${path}?${search}`, { replace: true });
  };
  return [parameters, change];
}
