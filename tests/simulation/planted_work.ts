/** Bugs in what becomes of the work of tasks in worktrees, put in on purpose. The simulation must find every one. */
import type { Landing } from "../../src/domain/landing.ts";
import type { TaskState } from "../../src/domain/task_record.ts";
import type { Plant } from "./history.ts";
import { withStates } from "./planted.ts";
import type { Parts } from "./server_life.ts";

function withLanding(parts: Parts, change: (landing: Landing) => Partial<Landing>): Parts {
  parts.git.landing = { ...parts.git.landing, ...change(parts.git.landing) };
  return parts;
}

/** Most of what clients ask is about work. */
const among = { clients: { schedules: 0, worktrees: 0.5 } };

export const WORK_PLANTS: Plant[] = [
  {
    name: "a worktree goes with what is not committed in it",
    finds: /is lost/,
    among,
    wiring: {
      parts: (parts) => {
        const { trees } = parts.git.repository;
        return withLanding(parts, (landing) => ({
          requireSaved: () => Promise.resolve(),
          takeDown: async (worktree, head, first) => {
            const tree = trees.get(worktree.root);
            if (tree) tree.loose = [];
            await landing.takeDown(worktree, head, first);
          },
        }));
      },
    },
  },
  {
    name: "what is discarded is not kept",
    finds: /is lost|is not kept/,
    among,
    wiring: { parts: (parts) => withLanding(parts, () => ({ keep: () => Promise.resolve() })) },
  },
  {
    name: "work is judged while the agent of a cancelled task is still at it",
    finds: /which was taken away|is lost/,
    among,
    wiring: {
      parts: (parts) => withStates(parts, (state) => ({ ...state, leaving: undefined })),
    },
  },
  {
    name: "nothing says that work is being accepted or discarded",
    finds: /accepted and discarded|has lost its branch|accepted twice|is not in the branch|is lost/,
    among,
    wiring: {
      parts: (parts) => withStates(parts, (state: TaskState) => ({ ...state, ending: undefined })),
    },
  },
  {
    name: "an accept that a crash has interrupted is thought to be undone",
    finds: /has lost its branch|nobody is asked|accepted and discarded|accepted twice/,
    among,
    wiring: { parts: (parts) => withLanding(parts, () => ({ settle: () => Promise.resolve("undone") })) },
  },
  {
    name: "an update that a crash has interrupted is thought to be undone",
    finds: /as changes of its own|on record, and/,
    among: { clients: { ...among.clients, worktrees: 0.8, updates: 0.9 }, crashes: 0.15 },
    wiring: { parts: (parts) => withLanding(parts, () => ({ settleOwn: () => Promise.resolve("undone") })) },
  },
  {
    name: "what was begun with work is not taken up after a crash",
    finds: /is not finished/,
    among,
    wiring: {
      parts: (parts) => {
        parts.takesUpEndings = false;
        return parts;
      },
    },
  },
  {
    name: "the end of an attempt forgets what was saved",
    finds: /on record, and|nobody is asked|has lost its branch/,
    among,
    wiring: {
      parts: (parts) =>
        withStates(parts, (state, before) => {
          const hasEnded = before?.lease !== undefined && state.lease === undefined;
          // What is left unsaved would be saved later.
          const workspace = before?.workspace && { ...before.workspace, unsaved: undefined };
          return hasEnded ? { ...state, workspace, review: before.review } : state;
        }),
    },
  },
];
