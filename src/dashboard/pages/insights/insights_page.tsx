/** What turns have used. What it shows loads with its first use. */
import { lazyModule } from "../../ui/lazy_module.ts";
import { Page } from "../../ui/page.tsx";
import "./insights.css";

const useView = lazyModule(() => import("./insights_view.tsx"));

export function InsightsPage() {
  const view = useView();
  if (view === undefined) return <Page>Loading…</Page>;
  return <view.InsightsView />;
}
