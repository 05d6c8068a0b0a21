/** The head of every page, and what is below it. */
import { type ComponentChildren, createContext } from "preact";
import { useContext } from "preact/hooks";
import "./page.css";

export interface Frame {
  /** What the page is called. */
  title: string;
  /** The tabs that it is one of. */
  tabs: ComponentChildren;
}

/** Given by the shell, which knows all pages. */
export const PageFrame = createContext<Frame>({ title: "", tabs: undefined });

export interface PageProps {
  /** Instead of the page's own title. */
  title?: ComponentChildren;
  class?: string;
  /** Right beside the title. */
  beside?: ComponentChildren;
  /** At the other end of the head. */
  actions?: ComponentChildren;
  /** Below the head: what is shown of the page, and how. */
  bar?: ComponentChildren;
  children: ComponentChildren;
}

export function Page({ title, class: extra = "", beside, actions, bar, children }: PageProps) {
  const frame = useContext(PageFrame);
  const hasBar = frame.tabs !== undefined || bar !== undefined;
  return (
    <>
      <div class="page-top">
        <header class="page-head">
          {title ?? <h1>{frame.title}</h1>}
          {beside}
          <span class="grow" />
          {actions}
        </header>
        {hasBar && (
          <div class="page-bar">
            {frame.tabs}
            {bar}
          </div>
        )}
      </div>
      <div class={`page ${extra}`}>{children}</div>
    </>
  );
}
