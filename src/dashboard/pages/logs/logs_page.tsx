/** The log of everything: what the server and all agents wrote. */
import { useMemo } from "preact/hooks";
import { usePlace } from "../../hash_location.ts";
import { LogView } from "../../ui/log_view.tsx";
import { now } from "../../ui/time.tsx";
import { FilterFields } from "./filter_fields.tsx";
import { filterIn, PARAMETERS } from "./log_filter.ts";
import "./logs.css";
import { Page } from "../../ui/page.tsx";

export function LogsPage() {
  const [place] = usePlace();
  const about = PARAMETERS.map((name) => place.get(name) ?? "").join("\n");
  // "The last hour" starts an hour before it was chosen and does not move afterward.
  const filter = useMemo(() => filterIn(place, now.peek()), [about]);
  return (
    <Page class="logs-page">
      <FilterFields />
      <LogView filter={filter} />
    </Page>
  );
}
