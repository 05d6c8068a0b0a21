/** A page in its frame: its title, also as the window's title, and its row of tabs. */
import { useEffect } from "preact/hooks";
import { Link, Redirect } from "wouter-preact";
import { asking } from "../data/attention.ts";
import { type PageEntry, PAGES } from "../pages/registry.ts";
import { useShortcuts } from "../keys.ts";
import { navigate } from "../hash_location.ts";
import { PageFrame } from "../ui/page.tsx";

export interface ShownPageProps {
  page: PageEntry;
  params: Record<string, string>;
}

export function ShownPage({ page, params }: ShownPageProps) {
  const { title, component: Component, path, tabOf } = page;
  const count = asking.value;
  useEffect(() => {
    document.title = `${count > 0 ? `(${count}) ` : ""}${title} · opencode-agents`;
  }, [title, count]);
  if (Component === undefined) return <Redirect to={tabsOf(path)[0]!.path} replace />;
  const parent = PAGES.find((other) => other.path === tabOf);
  return (
    <PageFrame.Provider
      value={parent === undefined
        ? { title, tabs: undefined }
        : { title: parent.title, tabs: <Tabs of={parent} current={page} /> }}
    >
      <Component key={Object.values(params).join()} {...params as { id: string }} />
    </PageFrame.Provider>
  );
}

function tabsOf(path: string): PageEntry[] {
  return PAGES.filter(({ tabOf }) => tabOf === path);
}

function Tabs({ of, current }: { of: PageEntry; current: PageEntry }) {
  const tabs = tabsOf(of.path);
  const at = tabs.indexOf(current);
  const to = (step: number) => () => navigate(tabs[(at + step + tabs.length) % tabs.length]!.path);
  useShortcuts([
    { key: "]", does: `Next tab of ${of.title}`, run: to(1) },
    { key: "[", does: `Previous tab of ${of.title}`, run: to(-1) },
  ], [current.path]);
  return (
    <nav class="tabs" aria-label={of.title}>
      {tabs.map(({ path, title }) => (
        <Link key={path} href={path} aria-current={path === current.path ? "page" : undefined}>{title}</Link>
      ))}
    </nav>
  );
}
