/** The log of everything: what the server and all agents wrote. */
import { usePlace } from "../../hash_location.ts";
import { LogView } from "../../ui/log_view.tsx";

export function LogsPage() {
  const [place] = usePlace();
  const agent = place.get("agent");
  return (
    <div class="page">
      <div class="page-head">
        <h1>Logs</h1>
      </div>
      <LogView {...(agent ? { agent } : {})} />
    </div>
  );
}
