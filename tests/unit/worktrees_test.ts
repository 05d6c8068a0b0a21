/** Which worktree may go. */
import assert from "node:assert/strict";
import { staysBecause, type WorktreeFacts } from "../../src/domain/worktrees.ts";

const ENDED: WorktreeFacts = {
  status: "completed",
  review: "none",
  isBusy: false,
  hasWork: false,
  ended_ms: 10,
};

const TABLE: [Partial<WorktreeFacts>, ReturnType<typeof staysBecause>][] = [
  [{}, undefined],
  [{ status: "failed" }, undefined],
  [{ status: "cancelled" }, undefined],
  [{ status: "running" }, "at_work"],
  [{ status: "queued", review: "accepted" }, "at_work"],
  [{ isBusy: true }, "at_work"],
  [{ hasWork: true }, "to_review"],
  [{ hasWork: true, review: "to_review" }, "to_review"],
  [{ hasWork: true, review: "changes_requested" }, "to_review"],
  [{ hasWork: true, review: "accepted" }, undefined],
  [{ hasWork: true, review: "discarded" }, undefined],
  [{ ended_ms: 20 }, undefined],
  [{ ended_ms: 21 }, "too_young"],
  [{ ended_ms: 21, review: "accepted" }, "too_young"],
];

for (const [facts, stays] of TABLE) {
  Deno.test(`worktrees: ${JSON.stringify(facts)} ${stays ?? "may go"}`, () => {
    assert.equal(staysBecause({ ...ENDED, ...facts }, 20), stays);
  });
}
