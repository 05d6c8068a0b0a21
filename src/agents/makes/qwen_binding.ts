/**
 * How Qwen Code is set up for a task: by the machine's settings, which outweigh those of the user and of the project. In its
 * rules, `ask` outweighs `allow`.
 */
import { listOf, merged, objectOf } from "../acp/wire_value.ts";
import type { Binding, PolicyRequest, WireObject } from "./agent_make.ts";

const SETTINGS = "settings.json";
const OF_MACHINE = Deno.build.os === "darwin"
  ? "/Library/Application Support/QwenCode/settings.json"
  : "/etc/qwen-code/settings.json";

/** Without these, nothing is written, run or fetched. */
const ASKED = ["Bash", "Edit", "WriteFile", "NotebookEdit", "WebFetch", "Agent", "Skill", "mcp__*"];

export function bindQwen({ permissions }: PolicyRequest): Binding {
  return {
    async prepare({ env, file, read }) {
      const place = env.QWEN_CODE_SYSTEM_SETTINGS_PATH ?? OF_MACHINE;
      const found = await read(place);
      const machine = found === undefined ? {} : parsed(found);
      if (machine === undefined) {
        return { obstacle: `${place} cannot be laid under the settings of a task: it is not plain JSON` };
      }
      const own = merged(machine, {
        // Its todo list is off by default. It is the task's progress.
        tools: { todoWrite: { enabled: true } },
        // A call of the model after each turn, for a person at a terminal.
        ui: { enableFollowupSuggestions: false },
      });
      const settings = permissions === "allow" ? own : merged(own, {
        tools: { approvalMode: "default" },
        permissions: { ask: [...listOf(objectOf(machine.permissions)?.ask), ...ASKED] },
      });
      return {
        files: { [SETTINGS]: JSON.stringify(settings) },
        env: { QWEN_CODE_SYSTEM_SETTINGS_PATH: file(SETTINGS) },
      };
    },
  };
}

function parsed(text: string): WireObject | undefined {
  try {
    return objectOf(JSON.parse(text));
  } catch {
    return undefined;
  }
}
