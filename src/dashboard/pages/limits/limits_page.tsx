/** The limits. What the page shows loads with its first use: few come here. */
import { lazyModule } from "../../ui/lazy_module.ts";
import { Page } from "../../ui/page.tsx";
import "./limits.css";

const useView = lazyModule(() => import("./limits_view.tsx"));

export function LimitsPage() {
  const view = useView();
  if (view === undefined) return <Page>Loading…</Page>;
  return <view.LimitsView />;
}
