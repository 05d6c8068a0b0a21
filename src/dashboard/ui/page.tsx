/** The frame of every page: its head and its content. */
import { type ComponentChildren, createContext } from "preact";
import { useContext } from "preact/hooks";
import "./page.css";

export interface Frame {
  title: string;
  /** The row of tabs that the page belongs to. */
  tabs: ComponentChildren;
}

/** Given by the shell, which knows all pages. */
export const PageFrame = createContext<Frame>({ title: "", tabs: undefined });

export interface PageProps {
  /** Replaces the page's own title. */
  title?: ComponentChildren;
  class?: string;
  /** Right beside the title. */
  beside?: ComponentChildren;
  /** At the other end of the head. */
  actions?: ComponentChildren;
  /** Below the head: controls for what the page shows, and how. */
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
