/** The makes of agents that this program knows. A new one is a file in this folder and a line in this list. */
import { claude } from "./claude.ts";
import { codex } from "./codex.ts";
import { cursor } from "./cursor.ts";
import { demo } from "./demo.ts";
import { gemini } from "./gemini.ts";
import { generic } from "./generic.ts";
import { opencode } from "./opencode.ts";
import { AgentMakes } from "./registry.ts";

export const BUILT_IN_MAKES = new AgentMakes([opencode, claude, codex, gemini, cursor, demo], generic);
