/** The worktrees of tasks. What it shows loads with its first use: few come here. */
import { lazyModule } from "../../ui/lazy_module.ts";
import { Page } from "../../ui/page.tsx";
import "./worktrees.css";

const useList = lazyModule(() => import("./worktree_list.tsx"));

export function WorktreesPage() {
  const list = useList();
  if (list === undefined) return <Page>Loading…</Page>;
  return <list.WorktreeList />;
}
