/** Classifies processes: which are coding agents. Boot passes in a recognizer for each make. */
import { type AgentRecognizer, launchedBy, type RunningProgram } from "../host/processes/launched.ts";
import type { ProcessType } from "../protocol/process.ts";

export interface Classification {
  type: ProcessType;
  /** The agent's name; absent if the process is not an agent. */
  agent?: string;
  is_opencode: boolean;
  is_claude_desktop: boolean;
}

export const NO_AGENT: Classification = { type: "unknown", is_opencode: false, is_claude_desktop: false };

/** Classifies a running program. Returns `NO_AGENT` if it is not a coding agent. */
export type Classifier = (program: RunningProgram) => Classification;

/** Creates a classifier. The first recognizer that knows what the program runs decides. */
export function createClassifier(recognizers: readonly AgentRecognizer[]): Classifier {
  return (program) => {
    for (const launched of launchedBy(program)) {
      for (const recognizer of recognizers) {
        const type = recognizer.recognize(launched);
        if (type === undefined) continue;
        return {
          type,
          agent: recognizer.agent,
          is_opencode: type === "opencode",
          is_claude_desktop: type === "claude_desktop",
        };
      }
    }
    return NO_AGENT;
  };
}
