/** A page that loads with its first use. */
import type { ComponentType } from "preact";
import { lazyModule } from "./lazy_module.ts";
import { Page } from "./page.tsx";

/** `load`: imports the page. Returns a page that says so until that one is there. */
export function lazyPage<P extends object>(load: () => Promise<ComponentType<P>>): ComponentType<P> {
  const usePage = lazyModule(load);
  return (props: P) => {
    const Shown = usePage();
    return Shown === undefined ? <Page>Loading…</Page> : <Shown {...props} />;
  };
}
