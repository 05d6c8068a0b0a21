/** A part of the page's code that loads with its first use, so that the page itself opens soon. */
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { report } from "../data/report.ts";

/** `load`: imports the module. Returns a hook that gives it once it is there; components that call it render again then. */
export function lazyModule<T>(load: () => Promise<T>): () => T | undefined {
  const module = signal<{ value: T } | undefined>(undefined);
  let loading: Promise<void> | undefined;
  const start = () => {
    loading ??= load().then((value) => void (module.value = { value }), (error) => {
      // The next use tries again.
      loading = undefined;
      report(error);
    });
  };
  return () => {
    useEffect(start, []);
    return module.value?.value;
  };
}
