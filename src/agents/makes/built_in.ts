/** The makes of agents that this program knows. A new one is a file in this folder and a line in this list. */
import { aider } from "./aider.ts";
import { claude } from "./claude.ts";
import { cline } from "./cline.ts";
import { codex } from "./codex.ts";
import { copilot } from "./copilot.ts";
import { cursor } from "./cursor.ts";
import { demo } from "./demo.ts";
import { gemini } from "./gemini.ts";
import { generic } from "./generic.ts";
import { goose } from "./goose.ts";
import { kilo } from "./kilo.ts";
import { opencode } from "./opencode.ts";
import { qwen } from "./qwen.ts";
import { AgentMakes } from "./registry.ts";

export const BUILT_IN_MAKES = new AgentMakes(
  [opencode, claude, codex, gemini, copilot, qwen, kilo, cline, goose, aider, cursor, demo],
  generic,
);
