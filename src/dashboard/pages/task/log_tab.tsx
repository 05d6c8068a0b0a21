/** The task's log: what its agent printed and what the engine did. */
import { LogView } from "../../ui/log_view.tsx";
import type { TabProps } from "./tab_props.ts";

export function LogTab({ task }: TabProps) {
  return <LogView agent={task.id} />;
}
