/** All scenarios, in the order of the table. */
import type { Scenario } from "./scenario.ts";
import { delegation, effort, image, mcp, model } from "./scenarios/abilities.ts";
import { lost, next, now, reopened, retried, steered, toldOnce } from "./scenarios/messages.ts";
import { askCommand, askEdit, denyCommand, denyEdit, question, rules } from "./scenarios/people.ts";
import {
  agentKilled,
  broken,
  dropped,
  limited,
  limitedSilently,
  limitedUntil,
  overflowed,
  overloaded,
  refused,
  serverKilled,
  stalled,
  unauthorized,
} from "./scenarios/trouble.ts";
import { cancel, edit, pause, plan, retry, timeout } from "./scenarios/work.ts";

export const SCENARIOS: readonly Scenario[] = [
  edit,
  plan,
  askEdit,
  askCommand,
  denyEdit,
  denyCommand,
  rules,
  question,
  pause,
  cancel,
  timeout,
  retry,
  agentKilled,
  serverKilled,
  next,
  now,
  steered,
  reopened,
  retried,
  toldOnce,
  lost,
  model,
  effort,
  image,
  mcp,
  delegation,
  refused,
  unauthorized,
  limitedUntil,
  limitedSilently,
  limited,
  overloaded,
  broken,
  dropped,
  overflowed,
  stalled,
];

/** Those that the quick tier plays: what only a real agent can show of each part. Each takes ten seconds or so. */
export const QUICK: ReadonlySet<Scenario> = new Set([
  edit,
  askEdit,
  denyCommand,
  question,
  cancel,
  serverKilled,
  next,
  now,
  reopened,
  model,
  unauthorized,
  limitedUntil,
]);
