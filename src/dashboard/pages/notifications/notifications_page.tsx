/** Who is told of what. What the page shows loads with its first use: few come here. */
import { lazyModule } from "../../ui/lazy_module.ts";
import { Page } from "../../ui/page.tsx";

const useList = lazyModule(() => import("./notification_list.tsx"));

export function NotificationsPage() {
  const list = useList();
  if (list === undefined) return <Page>Loading…</Page>;
  return <list.NotificationList />;
}
