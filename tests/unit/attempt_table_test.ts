/**
 * The attempt as a table: for each state and event where the attempt stands then, and its effects. What is not in the
 * table changes nothing.
 */
import assert from "node:assert/strict";
import {
  type EventName,
  followsFrom,
  type StateName,
  TABLE_EVENTS,
  TABLE_STATES,
} from "./fixtures/attempt_table.ts";

const TABLE: Record<StateName, Partial<Record<EventName, string>>> = {
  claiming: {
    claimed: "preparing, starting | publish agent | prepare | set deadline 1000",
    abandoned: "settled, stopping | ready | release",
    pause: "claiming, paused",
    cancel: "claiming, stopping",
    leave: "claiming, stopping",
    "budget is spent": "claiming, stopping",
    "lease lost": "claiming, stopping",
    broke: "claiming, stopping",
    "a message": "claiming, starting, messages: 1",
    "a message that does not wait": "claiming, starting, messages: 1, interrupted",
  },
  "cancelled while claiming": {
    claimed:
      "saving, stopping | info: Attempt ended: the task was cancelled | commit turn 1 failed, not begun",
    abandoned: "settled, stopping | ready | release",
    "lease lost": "claiming, stopping",
    "a message": "claiming, stopping, messages: 1",
    "a message that does not wait": "claiming, stopping, messages: 1",
  },
  preparing: {
    prepared:
      "starting, starting | info: Attempt 2 started with agent 'scripted' | start agent | clear deadline",
    "prepared in a worktree":
      "starting, starting | info: Attempt 2 started with agent 'scripted' | start agent | clear deadline",
    "not started":
      "saving, starting | error: not installed | error: Attempt ended: not installed | commit turn 1 failed, not begun | clear deadline",
    pause: "preparing, paused | publish agent | clear deadline",
    cancel: "preparing, stopping | publish agent | stop preparing | clear deadline",
    leave: "preparing, stopping | publish agent | stop preparing | clear deadline",
    "budget is spent": "preparing, stopping | publish agent | stop preparing | clear deadline",
    "lease lost": "preparing, stopping | stop preparing | clear deadline",
    broke: "preparing, stopping | publish agent | stop preparing | clear deadline",
    "a message": "preparing, starting, messages: 1",
    "a message that does not wait": "preparing, starting, messages: 1, interrupted",
    "deadline fired": "preparing, stopping | publish agent | stop preparing",
  },
  starting: {
    "not started":
      "saving, starting | error: not installed | error: Attempt ended: not installed | commit turn 1 failed, not begun",
    spawned: "working, starting | set deadline 1000 | set silence 100",
    "reports its start": "starting, running | publish agent",
    "reports a session": "starting, starting | ready | write session",
    "reports a line": "starting, starting | info: hello",
    "reports activity": "starting, starting, writing, 0 after it | write progress",
    "reports a retry": "starting, starting, writing, 0 after it | write progress | publish agent",
    "reports a silence": "starting, starting, writing, 0 after it | warn: No sign of life | write progress",
    "reports usage": "starting, starting, writing, 0 after it | write progress",
    "asks for permission": "starting, starting | publish p2 | warn: Permission asked: May I? | publish agent",
    "goes on of itself":
      "starting, starting, turn 2 | info: The agent goes on of itself after its turn has ended | write own_turn | publish agent",
    pause: "starting, paused | publish agent",
    cancel: "starting, stopping | publish agent",
    leave: "starting, stopping | publish agent",
    "budget is spent": "starting, stopping | publish agent",
    "lease lost": "starting, stopping",
    broke: "starting, stopping | publish agent",
    "is given its prompt": "starting, starting, prompted",
    "a message": "starting, starting, messages: 1",
    "a message that does not wait": "starting, starting, messages: 1, interrupted",
  },
  working: {
    "reports a session": "working, running | ready | write session",
    "reports a line": "working, running | info: hello",
    "reports activity": "working, running, writing, 0 after it | write progress",
    "reports a retry": "working, retrying, writing, 0 after it | write progress | publish agent",
    "reports a silence": "working, running, writing, 0 after it | warn: No sign of life | write progress",
    "reports usage": "working, running, writing, 0 after it | write progress",
    "asks for permission":
      "working, waiting_for_permission | publish p2 | warn: Permission asked: May I? | publish agent | clear deadline | clear silence",
    "goes on of itself":
      "working, running, turn 2 | info: The agent goes on of itself after its turn has ended | write own_turn | publish agent",
    "agent completed":
      "saving, running | info: Task completed | commit turn 1 completed | clear deadline | clear silence",
    "agent failed":
      "saving, running | error: Attempt ended: no | commit turn 1 failed, not begun | clear deadline | clear silence",
    "agent stopped":
      "saving, running | error: Attempt ended: The agent was stopped | commit turn 1 failed, not begun | clear deadline | clear silence",
    pause: "working, paused | pause agent | clear deadline | clear silence",
    "signalled: pause": "working, running | publish agent",
    "signalled: resume": "working, running | publish agent",
    cancel: "working, stopping | publish agent | stop agent | clear deadline | clear silence",
    leave: "working, stopping | publish agent | stop agent | clear deadline | clear silence",
    "budget is spent": "working, stopping | publish agent | stop agent | clear deadline | clear silence",
    "lease lost": "working, stopping | stop agent | clear deadline | clear silence",
    broke: "working, stopping | publish agent | stop agent | clear deadline | clear silence",
    "is given its prompt": "working, running, prompted",
    "a message": "working, running, messages: 1",
    "a message that does not wait":
      "working, stopping, messages: 1, interrupted | info: The turn is ended for a message | publish agent | stop agent | clear deadline | clear silence",
    "message refused": "working, running, not taken",
    "deadline fired": "working, stopping | publish agent | stop agent | clear silence",
    "silence fired": "working, running | set silence 100",
  },
  writing: {
    "reports a session": "working, running, writing, 0 after it | ready | write session",
    "reports a line": "working, running, writing, 0 after it | info: hello",
    "reports activity": "working, running, writing, 1 after it",
    "reports a retry": "working, retrying, writing, 1 after it | publish agent",
    "reports a silence": "working, running, writing, 1 after it | warn: No sign of life",
    "reports usage": "working, running, writing, 1 after it",
    "asks for permission":
      "working, waiting_for_permission, writing, 0 after it | publish p2 | warn: Permission asked: May I? | publish agent | clear deadline | clear silence",
    "goes on of itself":
      "working, running, turn 2, writing, 0 after it | info: The agent goes on of itself after its turn has ended | write own_turn | publish agent",
    "agent completed": "closing, running, writing, 0 after it | clear deadline | clear silence",
    "agent failed": "closing, running, writing, 0 after it | clear deadline | clear silence",
    "agent stopped": "closing, running, writing, 0 after it | clear deadline | clear silence",
    pause: "working, paused, writing, 0 after it | pause agent | clear deadline | clear silence",
    "signalled: pause": "working, running, writing, 0 after it | publish agent",
    "signalled: resume": "working, running, writing, 0 after it | publish agent",
    cancel:
      "working, stopping, writing, 0 after it | publish agent | stop agent | clear deadline | clear silence",
    leave:
      "working, stopping, writing, 0 after it | publish agent | stop agent | clear deadline | clear silence",
    "budget is spent":
      "working, stopping, writing, 0 after it | publish agent | stop agent | clear deadline | clear silence",
    "lease lost": "working, stopping, writing, 0 after it | stop agent | clear deadline | clear silence",
    broke:
      "working, stopping, writing, 0 after it | publish agent | stop agent | clear deadline | clear silence",
    "is given its prompt": "working, running, prompted, writing, 1 after it",
    "a message": "working, running, messages: 1, writing, 0 after it",
    "a message that does not wait":
      "working, stopping, messages: 1, interrupted, writing, 0 after it | info: The turn is ended for a message | publish agent | stop agent | clear deadline | clear silence",
    "message refused": "working, running, not taken, writing, 0 after it",
    "deadline fired": "working, stopping, writing, 0 after it | publish agent | stop agent | clear silence",
    "silence fired": "working, running, writing, 0 after it | set silence 100",
    "progress written": "working, running | publish agent",
    "progress refused": "working, running",
  },
  asking: {
    "reports a session": "working, waiting_for_permission | ready | write session | set park 600",
    "reports a line": "working, waiting_for_permission | info: hello",
    "reports activity": "working, waiting_for_permission, writing, 0 after it | write progress",
    "reports a retry":
      "working, waiting_for_permission, writing, 0 after it | write progress | publish agent",
    "reports a silence":
      "working, waiting_for_permission, writing, 0 after it | warn: No sign of life | write progress",
    "reports usage": "working, waiting_for_permission, writing, 0 after it | write progress",
    "asks for permission":
      "working, waiting_for_permission | publish p2 | warn: Permission asked: May I? | publish agent",
    "has its answer": "working, running | end of p1 | publish agent | set deadline 1000 | set silence 100",
    "goes on of itself":
      "working, waiting_for_permission, turn 2 | info: The agent goes on of itself after its turn has ended | write own_turn | publish agent",
    "agent completed": "saving, waiting_for_permission | info: Task completed | commit turn 1 completed",
    "agent failed":
      "saving, waiting_for_permission | error: Attempt ended: no | commit turn 1 failed, not begun",
    "agent stopped":
      "saving, waiting_for_permission | error: Attempt ended: The agent was stopped | commit turn 1 failed, not begun",
    pause: "working, paused | pause agent",
    "signalled: pause": "working, waiting_for_permission | publish agent",
    "signalled: resume": "working, waiting_for_permission | publish agent",
    cancel: "working, stopping | publish agent | stop agent",
    leave: "working, stopping | publish agent | stop agent",
    "budget is spent": "working, stopping | publish agent | stop agent",
    "lease lost": "working, stopping | stop agent",
    broke: "working, stopping | publish agent | stop agent",
    "is given its prompt": "working, waiting_for_permission, prompted",
    "a message": "working, waiting_for_permission, messages: 1",
    "a message that does not wait":
      "working, stopping, messages: 1, interrupted | info: The turn is ended for a message | publish agent | stop agent",
    "message refused": "working, waiting_for_permission, not taken",
  },
  "asking in a session": {
    "reports a session": "working, waiting_for_permission | write session",
    "reports a line": "working, waiting_for_permission | info: hello",
    "reports activity": "working, waiting_for_permission, writing, 0 after it | write progress",
    "reports a retry":
      "working, waiting_for_permission, writing, 0 after it | write progress | publish agent",
    "reports a silence":
      "working, waiting_for_permission, writing, 0 after it | warn: No sign of life | write progress",
    "reports usage": "working, waiting_for_permission, writing, 0 after it | write progress",
    "asks for permission":
      "working, waiting_for_permission | publish p2 | warn: Permission asked: May I? | publish agent",
    "has its answer":
      "working, running | end of p1 | publish agent | set deadline 1000 | set silence 100 | clear park",
    "goes on of itself":
      "working, waiting_for_permission, turn 2 | info: The agent goes on of itself after its turn has ended | write own_turn | publish agent",
    "agent completed":
      "saving, waiting_for_permission | info: Task completed | commit turn 1 completed | clear park",
    "agent failed":
      "saving, waiting_for_permission | error: Attempt ended: no | commit turn 1 failed, not begun | clear park",
    "agent stopped":
      "saving, waiting_for_permission | error: Attempt ended: The agent was stopped | commit turn 1 failed, not begun | clear park",
    pause: "working, paused | pause agent | clear park",
    "signalled: pause": "working, waiting_for_permission | publish agent",
    "signalled: resume": "working, waiting_for_permission | publish agent",
    cancel: "working, stopping | publish agent | stop agent | clear park",
    leave: "working, stopping | publish agent | stop agent | clear park",
    "budget is spent": "working, stopping | publish agent | stop agent | clear park",
    "lease lost": "working, stopping | stop agent | clear park",
    broke: "working, stopping | publish agent | stop agent | clear park",
    "is given its prompt": "working, waiting_for_permission, prompted",
    "a message": "working, waiting_for_permission, messages: 1",
    "a message that does not wait":
      "working, stopping, messages: 1, interrupted | info: The turn is ended for a message | publish agent | stop agent | clear park",
    "message refused": "working, waiting_for_permission, not taken",
    "park fired": "working, waiting_for_permission | set park 600",
  },
  retrying: {
    "reports a session": "working, retrying | ready | write session",
    "reports a line": "working, retrying | info: hello",
    "reports a retry": "working, retrying, writing, 0 after it | write progress",
    "reports a silence": "working, retrying, writing, 0 after it | warn: No sign of life | write progress",
    "reports that it goes on": "working, running | publish agent",
    "reports usage": "working, retrying, writing, 0 after it | write progress",
    "asks for permission":
      "working, waiting_for_permission | publish p2 | warn: Permission asked: May I? | publish agent | clear deadline | clear silence",
    "goes on of itself":
      "working, retrying, turn 2 | info: The agent goes on of itself after its turn has ended | write own_turn | publish agent",
    "agent completed":
      "saving, retrying | info: Task completed | commit turn 1 completed | clear deadline | clear silence",
    "agent failed":
      "saving, retrying | error: Attempt ended: no | commit turn 1 failed, not begun | clear deadline | clear silence",
    "agent stopped":
      "saving, retrying | error: Attempt ended: The agent was stopped | commit turn 1 failed, not begun | clear deadline | clear silence",
    pause: "working, paused | pause agent | clear deadline | clear silence",
    "signalled: pause": "working, retrying | publish agent",
    "signalled: resume": "working, retrying | publish agent",
    cancel: "working, stopping | publish agent | stop agent | clear deadline | clear silence",
    leave: "working, stopping | publish agent | stop agent | clear deadline | clear silence",
    "budget is spent": "working, stopping | publish agent | stop agent | clear deadline | clear silence",
    "lease lost": "working, stopping | stop agent | clear deadline | clear silence",
    broke: "working, stopping | publish agent | stop agent | clear deadline | clear silence",
    "is given its prompt": "working, retrying, prompted",
    "a message": "working, retrying, messages: 1",
    "a message that does not wait":
      "working, stopping, messages: 1, interrupted | info: The turn is ended for a message | publish agent | stop agent | clear deadline | clear silence",
    "message refused": "working, retrying, not taken",
    "deadline fired": "working, stopping | publish agent | stop agent | clear silence",
    "silence fired": "working, retrying | set silence 100",
  },
  unresponsive: {
    "reports its start":
      "working, running | clear silence | info: The agent gives signs of life again | publish agent | set silence 100",
    "reports a session":
      "working, running | clear silence | info: The agent gives signs of life again | publish agent | ready | write session | set silence 100",
    "reports a line":
      "working, running | clear silence | info: The agent gives signs of life again | publish agent | info: hello | set silence 100",
    "reports activity":
      "working, running, writing, 0 after it | clear silence | info: The agent gives signs of life again | publish agent | write progress | set silence 100",
    "reports a retry":
      "working, retrying, writing, 0 after it | clear silence | info: The agent gives signs of life again | publish agent | write progress | publish agent | set silence 100",
    "reports a silence":
      "working, unresponsive, writing, 0 after it | warn: No sign of life | write progress",
    "reports that it goes on":
      "working, running | clear silence | info: The agent gives signs of life again | publish agent | set silence 100",
    "reports its context":
      "working, running | clear silence | info: The agent gives signs of life again | publish agent | set silence 100",
    "reports usage":
      "working, running, writing, 0 after it | clear silence | info: The agent gives signs of life again | publish agent | write progress | set silence 100",
    "asks for permission":
      "working, waiting_for_permission | clear silence | info: The agent gives signs of life again | publish agent | publish p2 | warn: Permission asked: May I? | publish agent | clear deadline",
    "has its answer":
      "working, running | clear silence | info: The agent gives signs of life again | publish agent | set silence 100",
    "goes on of itself":
      "working, running, turn 2 | clear silence | info: The agent gives signs of life again | publish agent | info: The agent goes on of itself after its turn has ended | write own_turn | publish agent | set silence 100",
    "ends its turn":
      "working, running | clear silence | info: The agent gives signs of life again | publish agent | set silence 100",
    "has its turn ended":
      "working, running | clear silence | info: The agent gives signs of life again | publish agent | set silence 100",
    "fails its turn":
      "working, running | clear silence | info: The agent gives signs of life again | publish agent | set silence 100",
    "agent completed":
      "saving, running | info: Task completed | commit turn 1 completed | clear deadline | clear silence",
    "agent failed":
      "saving, running | error: Attempt ended: no | commit turn 1 failed, not begun | clear deadline | clear silence",
    "agent stopped":
      "saving, running | error: Attempt ended: The agent was stopped | commit turn 1 failed, not begun | clear deadline | clear silence",
    pause: "working, paused | pause agent | clear deadline | clear silence",
    "signalled: pause": "working, unresponsive | publish agent",
    "signalled: resume": "working, unresponsive | publish agent",
    cancel: "working, stopping | publish agent | stop agent | clear deadline | clear silence",
    leave: "working, stopping | publish agent | stop agent | clear deadline | clear silence",
    "budget is spent": "working, stopping | publish agent | stop agent | clear deadline | clear silence",
    "lease lost": "working, stopping | stop agent | clear deadline | clear silence",
    broke: "working, stopping | publish agent | stop agent | clear deadline | clear silence",
    "is given its prompt":
      "working, running, prompted | clear silence | info: The agent gives signs of life again | publish agent | set silence 100",
    "a message": "working, unresponsive, messages: 1",
    "a message that does not wait":
      "working, stopping, messages: 1, interrupted | info: The turn is ended for a message | publish agent | stop agent | clear deadline | clear silence",
    "message refused": "working, unresponsive, not taken",
    "deadline fired": "working, stopping | publish agent | stop agent | clear silence",
    "silence fired": "working, unresponsive | set silence 200",
  },
  "paused while starting": {
    "not started":
      "saving, paused | error: not installed | error: Attempt ended: not installed | commit turn 1 failed, not begun",
    spawned: "working, paused | pause agent",
    "reports its start": "starting, paused | publish agent",
    "reports a session": "starting, paused | ready | write session",
    "reports a line": "starting, paused | info: hello",
    "reports activity": "starting, paused, writing, 0 after it | write progress",
    "reports a retry": "starting, paused, writing, 0 after it | write progress | publish agent",
    "reports a silence": "starting, paused, writing, 0 after it | warn: No sign of life | write progress",
    "reports usage": "starting, paused, writing, 0 after it | write progress",
    "asks for permission": "starting, paused | publish p2 | warn: Permission asked: May I? | publish agent",
    "goes on of itself":
      "starting, paused, turn 2 | info: The agent goes on of itself after its turn has ended | write own_turn | publish agent",
    resume: "starting, starting | publish agent",
    cancel: "starting, stopping | publish agent",
    leave: "starting, stopping | publish agent",
    "budget is spent": "starting, stopping | publish agent",
    "lease lost": "starting, stopping",
    broke: "starting, stopping | publish agent",
    "is given its prompt": "starting, paused, prompted",
    "a message": "starting, paused, messages: 1",
    "a message that does not wait": "starting, paused, messages: 1",
  },
  paused: {
    "reports a session": "working, paused | ready | write session",
    "reports a line": "working, paused | info: hello",
    "reports activity": "working, paused, writing, 0 after it | write progress",
    "reports a retry": "working, paused, writing, 0 after it | write progress | publish agent",
    "reports a silence": "working, paused, writing, 0 after it | warn: No sign of life | write progress",
    "reports usage": "working, paused, writing, 0 after it | write progress",
    "asks for permission": "working, paused | publish p2 | warn: Permission asked: May I? | publish agent",
    "goes on of itself":
      "working, paused, turn 2 | info: The agent goes on of itself after its turn has ended | write own_turn | publish agent",
    "agent completed": "saving, paused | info: Task completed | commit turn 1 completed",
    "agent failed": "saving, paused | error: Attempt ended: no | commit turn 1 failed, not begun",
    "agent stopped":
      "saving, paused | error: Attempt ended: The agent was stopped | commit turn 1 failed, not begun",
    resume: "working, running, frozen | resume agent",
    "signalled: pause": "working, paused | publish agent",
    "signalled: resume": "working, paused | publish agent",
    cancel: "working, stopping | publish agent | stop agent",
    leave: "working, stopping | publish agent | stop agent",
    "budget is spent": "working, stopping | publish agent | stop agent",
    "lease lost": "working, stopping | stop agent",
    broke: "working, stopping | publish agent | stop agent",
    "is given its prompt": "working, paused, prompted",
    "a message": "working, paused, messages: 1",
    "a message that does not wait": "working, paused, messages: 1",
    "message refused": "working, paused, not taken",
  },
  resuming: {
    "reports a session": "working, running, frozen | ready | write session",
    "reports a line": "working, running, frozen | info: hello",
    "reports activity": "working, running, frozen, writing, 0 after it | write progress",
    "reports a retry": "working, retrying, frozen, writing, 0 after it | write progress | publish agent",
    "reports a silence":
      "working, running, frozen, writing, 0 after it | warn: No sign of life | write progress",
    "reports usage": "working, running, frozen, writing, 0 after it | write progress",
    "asks for permission":
      "working, waiting_for_permission, frozen | publish p2 | warn: Permission asked: May I? | publish agent",
    "goes on of itself":
      "working, running, frozen, turn 2 | info: The agent goes on of itself after its turn has ended | write own_turn | publish agent",
    "agent completed": "saving, running, frozen | info: Task completed | commit turn 1 completed",
    "agent failed": "saving, running, frozen | error: Attempt ended: no | commit turn 1 failed, not begun",
    "agent stopped":
      "saving, running, frozen | error: Attempt ended: The agent was stopped | commit turn 1 failed, not begun",
    pause: "working, paused | pause agent",
    "signalled: pause": "working, running, frozen | publish agent",
    "signalled: resume": "working, running | publish agent | set deadline 1000 | set silence 100",
    cancel: "working, stopping, frozen | publish agent | stop agent",
    leave: "working, stopping, frozen | publish agent | stop agent",
    "budget is spent": "working, stopping, frozen | publish agent | stop agent",
    "lease lost": "working, stopping, frozen | stop agent",
    broke: "working, stopping, frozen | publish agent | stop agent",
    "is given its prompt": "working, running, frozen, prompted",
    "a message": "working, running, frozen, messages: 1",
    "a message that does not wait":
      "working, stopping, frozen, messages: 1, interrupted | info: The turn is ended for a message | publish agent | stop agent",
    "message refused": "working, running, frozen, not taken",
  },
  "with a message": {
    "reports a session": "working, running, messages: 1 | ready | write session",
    "reports a line": "working, running, messages: 1 | info: hello",
    "reports activity": "working, running, messages: 1, writing, 0 after it | write progress",
    "reports a retry": "working, retrying, messages: 1, writing, 0 after it | write progress | publish agent",
    "reports a silence":
      "working, running, messages: 1, writing, 0 after it | warn: No sign of life | write progress",
    "reports usage": "working, running, messages: 1, writing, 0 after it | write progress",
    "asks for permission":
      "working, waiting_for_permission, messages: 1 | publish p2 | warn: Permission asked: May I? | publish agent | clear deadline | clear silence",
    "goes on of itself":
      "working, running, turn 2, messages: 1 | info: The agent goes on of itself after its turn has ended | write own_turn | publish agent",
    "ends its turn":
      "working, running, messages: 1, between turns | commit turn 1, to go on | clear deadline | clear silence",
    "has its turn ended": "working, running, messages: 1 | next turn: none",
    "fails its turn": "working, running, messages: 1 | next turn: none",
    "agent completed":
      "saving, running, messages: 1 | info: The turn is completed. The next message follows in another attempt | commit turn 1 completed | clear deadline | clear silence",
    "agent failed":
      "saving, running, messages: 1 | error: Attempt ended: no | commit turn 1 failed, not begun | clear deadline | clear silence",
    "agent stopped":
      "saving, running, messages: 1 | error: Attempt ended: The agent was stopped | commit turn 1 failed, not begun | clear deadline | clear silence",
    pause: "working, paused, messages: 1 | pause agent | clear deadline | clear silence",
    "signalled: pause": "working, running, messages: 1 | publish agent",
    "signalled: resume": "working, running, messages: 1 | publish agent",
    cancel: "working, stopping, messages: 1 | publish agent | stop agent | clear deadline | clear silence",
    leave: "working, stopping, messages: 1 | publish agent | stop agent | clear deadline | clear silence",
    "budget is spent":
      "working, stopping, messages: 1 | publish agent | stop agent | clear deadline | clear silence",
    "lease lost": "working, stopping, messages: 1 | stop agent | clear deadline | clear silence",
    broke: "working, stopping, messages: 1 | publish agent | stop agent | clear deadline | clear silence",
    "is given its prompt": "working, running, messages: 1, prompted",
    "a message that does not wait":
      "working, running, messages: 1, interrupted | info: The turn is ended for a message | interrupt turn",
    "no more messages": "working, running",
    "message refused": "working, running, messages: 1, not taken",
    "deadline fired": "working, stopping, messages: 1 | publish agent | stop agent | clear silence",
    "silence fired": "working, running, messages: 1 | set silence 100",
  },
  "interrupted before it works": {
    "not started":
      "saving, starting, messages: 1, interrupted | error: not installed | error: Attempt ended: not installed | commit turn 1 failed, not begun",
    spawned:
      "working, stopping, messages: 1, interrupted | info: The turn is ended for a message | publish agent | stop agent",
    "reports its start": "starting, running, messages: 1, interrupted | publish agent",
    "reports a session": "starting, starting, messages: 1, interrupted | ready | write session",
    "reports a line": "starting, starting, messages: 1, interrupted | info: hello",
    "reports activity": "starting, starting, messages: 1, interrupted, writing, 0 after it | write progress",
    "reports a retry":
      "starting, starting, messages: 1, interrupted, writing, 0 after it | write progress | publish agent",
    "reports a silence":
      "starting, starting, messages: 1, interrupted, writing, 0 after it | warn: No sign of life | write progress",
    "reports usage": "starting, starting, messages: 1, interrupted, writing, 0 after it | write progress",
    "asks for permission":
      "starting, starting, messages: 1, interrupted | publish p2 | warn: Permission asked: May I? | publish agent",
    "goes on of itself":
      "starting, starting, turn 2, messages: 1, interrupted | info: The agent goes on of itself after its turn has ended | write own_turn | publish agent",
    pause: "starting, paused, messages: 1, interrupted | publish agent",
    cancel: "starting, stopping, messages: 1, interrupted | publish agent",
    leave: "starting, stopping, messages: 1, interrupted | publish agent",
    "budget is spent": "starting, stopping, messages: 1, interrupted | publish agent",
    "lease lost": "starting, stopping, messages: 1, interrupted",
    broke: "starting, stopping, messages: 1, interrupted | publish agent",
    "is given its prompt": "starting, starting, messages: 1, interrupted, prompted",
    "no more messages": "starting, starting, interrupted",
  },
  "with an interrupted turn": {
    "reports a session": "working, running, messages: 1, interrupted | ready | write session",
    "reports a line": "working, running, messages: 1, interrupted | info: hello",
    "reports activity": "working, running, messages: 1, interrupted, writing, 0 after it | write progress",
    "reports a retry":
      "working, retrying, messages: 1, interrupted, writing, 0 after it | write progress | publish agent",
    "reports a silence":
      "working, running, messages: 1, interrupted, writing, 0 after it | warn: No sign of life | write progress",
    "reports usage": "working, running, messages: 1, interrupted, writing, 0 after it | write progress",
    "asks for permission":
      "working, waiting_for_permission, messages: 1, interrupted | publish p2 | warn: Permission asked: May I? | publish agent | clear deadline | clear silence",
    "goes on of itself":
      "working, running, turn 2, messages: 1, interrupted | info: The agent goes on of itself after its turn has ended | write own_turn | publish agent",
    "ends its turn":
      "working, running, messages: 1, between turns, interrupted | commit turn 1, to go on | clear deadline | clear silence",
    "has its turn ended":
      "working, running, messages: 1, between turns, interrupted | commit turn 1, to go on | clear deadline | clear silence",
    "fails its turn": "working, running, messages: 1, interrupted | next turn: none",
    "agent completed":
      "saving, running, messages: 1, interrupted | info: The turn is completed. The next message follows in another attempt | commit turn 1 completed | clear deadline | clear silence",
    "agent failed":
      "saving, running, messages: 1, interrupted | error: Attempt ended: no | commit turn 1 failed, not begun | clear deadline | clear silence",
    "agent stopped":
      "saving, running, messages: 1, interrupted | info: Attempt ended: its turn was ended for a message | commit turn 1 interrupted, not begun | clear deadline | clear silence",
    pause: "working, paused, messages: 1, interrupted | pause agent | clear deadline | clear silence",
    "signalled: pause": "working, running, messages: 1, interrupted | publish agent",
    "signalled: resume": "working, running, messages: 1, interrupted | publish agent",
    cancel:
      "working, stopping, messages: 1, interrupted | publish agent | stop agent | clear deadline | clear silence",
    leave:
      "working, stopping, messages: 1, interrupted | publish agent | stop agent | clear deadline | clear silence",
    "budget is spent":
      "working, stopping, messages: 1, interrupted | publish agent | stop agent | clear deadline | clear silence",
    "lease lost": "working, stopping, messages: 1, interrupted | stop agent | clear deadline | clear silence",
    broke:
      "working, stopping, messages: 1, interrupted | publish agent | stop agent | clear deadline | clear silence",
    "is given its prompt": "working, running, messages: 1, interrupted, prompted",
    "no more messages": "working, running, interrupted",
    "message refused": "working, running, messages: 1, interrupted, not taken",
    "deadline fired":
      "working, stopping, messages: 1, interrupted | publish agent | stop agent | clear silence",
    "silence fired": "working, running, messages: 1, interrupted | set silence 100",
  },
  "between turns": {
    "reports a session": "working, running, messages: 1, between turns | ready | write session",
    "reports a line": "working, running, messages: 1, between turns | info: hello",
    "reports activity": "working, running, messages: 1, between turns, writing, 0 after it | write progress",
    "reports a retry":
      "working, retrying, messages: 1, between turns, writing, 0 after it | write progress | publish agent",
    "reports a silence":
      "working, running, messages: 1, between turns, writing, 0 after it | warn: No sign of life | write progress",
    "reports usage": "working, running, messages: 1, between turns, writing, 0 after it | write progress",
    "asks for permission":
      "working, waiting_for_permission, messages: 1, between turns | publish p2 | warn: Permission asked: May I? | publish agent",
    "agent completed": "closing, running, messages: 1, between turns",
    "agent failed": "closing, running, messages: 1, between turns",
    "agent stopped": "closing, running, messages: 1, between turns",
    pause: "working, paused, messages: 1, between turns | pause agent",
    "signalled: pause": "working, running, messages: 1, between turns | publish agent",
    "signalled: resume": "working, running, messages: 1, between turns | publish agent",
    cancel: "working, stopping, messages: 1, between turns | publish agent | stop agent",
    leave: "working, stopping, messages: 1, between turns | publish agent | stop agent",
    "budget is spent": "working, stopping, messages: 1, between turns | publish agent | stop agent",
    "lease lost": "working, stopping, messages: 1, between turns | stop agent",
    broke: "working, stopping, messages: 1, between turns | publish agent | stop agent",
    "is given its prompt": "working, running, messages: 1, between turns, prompted",
    "no more messages": "working, running, between turns",
    "the next turn":
      "working, running, turn 2, prompted | publish agent | next turn: more | set deadline 1000 | set silence 100",
    "the next turn, to be ended":
      "working, running, turn 2, interrupted, prompted | publish agent | next turn: more | info: The turn is ended for a message | interrupt turn | set deadline 1000 | set silence 100",
    "no next turn": "working, running, messages: 1 | next turn: none | set deadline 1000 | set silence 100",
    "message refused": "working, running, messages: 1, between turns, not taken",
  },
  "in its second turn": {
    "reports a session": "working, running, turn 2, prompted | ready | write session",
    "reports a line": "working, running, turn 2, prompted | info: hello",
    "reports activity": "working, running, turn 2, prompted, writing, 0 after it | write progress",
    "reports a retry":
      "working, retrying, turn 2, prompted, writing, 0 after it | write progress | publish agent",
    "reports a silence":
      "working, running, turn 2, prompted, writing, 0 after it | warn: No sign of life | write progress",
    "reports usage": "working, running, turn 2, prompted, writing, 0 after it | write progress",
    "asks for permission":
      "working, waiting_for_permission, turn 2, prompted | publish p2 | warn: Permission asked: May I? | publish agent | clear deadline | clear silence",
    "goes on of itself":
      "working, running, turn 3, prompted | info: The agent goes on of itself after its turn has ended | write own_turn | publish agent",
    "ends its turn": "working, running, turn 2, prompted | next turn: none",
    "has its turn ended": "working, running, turn 2, prompted | next turn: none",
    "fails its turn": "working, running, turn 2, prompted | next turn: none",
    "agent completed":
      "saving, running, turn 2, prompted | info: Task completed | commit turn 2 completed | clear deadline | clear silence",
    "agent failed":
      "saving, running, turn 2, prompted | error: Attempt ended: no | commit turn 2 failed | clear deadline | clear silence",
    "agent stopped":
      "saving, running, turn 2, prompted | error: Attempt ended: The agent was stopped | commit turn 2 failed | clear deadline | clear silence",
    pause: "working, paused, turn 2, prompted | pause agent | clear deadline | clear silence",
    "signalled: pause": "working, running, turn 2, prompted | publish agent",
    "signalled: resume": "working, running, turn 2, prompted | publish agent",
    cancel:
      "working, stopping, turn 2, prompted | publish agent | stop agent | clear deadline | clear silence",
    leave:
      "working, stopping, turn 2, prompted | publish agent | stop agent | clear deadline | clear silence",
    "budget is spent":
      "working, stopping, turn 2, prompted | publish agent | stop agent | clear deadline | clear silence",
    "lease lost": "working, stopping, turn 2, prompted | stop agent | clear deadline | clear silence",
    broke:
      "working, stopping, turn 2, prompted | publish agent | stop agent | clear deadline | clear silence",
    "is given its prompt": "working, running, turn 2, prompted",
    "a message": "working, running, turn 2, messages: 1, prompted",
    "a message that does not wait":
      "working, running, turn 2, messages: 1, interrupted, prompted | info: The turn is ended for a message | interrupt turn",
    "message refused": "working, running, turn 2, not taken",
    "deadline fired": "working, stopping, turn 2, prompted | publish agent | stop agent | clear silence",
    "silence fired": "working, running, turn 2, prompted | set silence 100",
  },
  "cancelled between turns": {
    "reports a session": "working, stopping, messages: 1, between turns | ready | write session",
    "reports a line": "working, stopping, messages: 1, between turns | info: hello",
    "reports activity": "working, stopping, messages: 1, between turns, writing, 0 after it | write progress",
    "reports a retry":
      "working, stopping, messages: 1, between turns, writing, 0 after it | write progress | publish agent",
    "reports a silence":
      "working, stopping, messages: 1, between turns, writing, 0 after it | warn: No sign of life | write progress",
    "reports usage": "working, stopping, messages: 1, between turns, writing, 0 after it | write progress",
    "asks for permission":
      "working, stopping, messages: 1, between turns | publish p2 | warn: Permission asked: May I? | publish agent",
    "agent completed": "closing, stopping, messages: 1, between turns",
    "agent failed": "closing, stopping, messages: 1, between turns",
    "agent stopped": "closing, stopping, messages: 1, between turns",
    "signalled: pause": "working, stopping, messages: 1, between turns | publish agent",
    "signalled: resume": "working, stopping, messages: 1, between turns | publish agent",
    "lease lost": "working, stopping, messages: 1, between turns",
    "is given its prompt": "working, stopping, messages: 1, between turns, prompted",
    "no more messages": "working, stopping, between turns",
    "the next turn": "working, stopping, turn 2, not taken",
    "the next turn, to be ended": "working, stopping, turn 2, not taken",
    "no next turn": "working, stopping, messages: 1",
    "message refused": "working, stopping, messages: 1, between turns, not taken",
  },
  "ended between turns": {
    "reports a line": "closing, running, messages: 1, between turns | info: hello",
    "lease lost": "settled, stopping, messages: 1, between turns | ready | release",
    "no more messages": "closing, running, between turns",
    "the next turn":
      "saving, running, turn 2, not taken | warn: Attempt ended: The agent had ended before it could be given the next message. The agent is started again | commit turn 2 failed, not begun",
    "the next turn, to be ended":
      "saving, running, turn 2, not taken | warn: Attempt ended: The agent had ended before it could be given the next message. The agent is started again | commit turn 2 failed, not begun",
    "no next turn":
      "saving, running, messages: 1 | info: The turn is completed. The next message follows in another attempt | commit turn 1 completed",
  },
  "without a message": {
    "reports a session": "working, running | ready | write session",
    "reports a line": "working, running | info: hello",
    "reports activity": "working, running, writing, 0 after it | write progress",
    "reports a retry": "working, retrying, writing, 0 after it | write progress | publish agent",
    "reports a silence": "working, running, writing, 0 after it | warn: No sign of life | write progress",
    "reports usage": "working, running, writing, 0 after it | write progress",
    "asks for permission":
      "working, waiting_for_permission | publish p2 | warn: Permission asked: May I? | publish agent | clear deadline | clear silence",
    "goes on of itself":
      "working, running, turn 2 | info: The agent goes on of itself after its turn has ended | write own_turn | publish agent",
    "ends its turn": "working, running | next turn: none",
    "has its turn ended": "working, running | next turn: none",
    "fails its turn": "working, running | next turn: none",
    "agent completed":
      "saving, running | info: Task completed | commit turn 1 completed | clear deadline | clear silence",
    "agent failed":
      "saving, running | error: Attempt ended: no | commit turn 1 failed, not begun | clear deadline | clear silence",
    "agent stopped":
      "saving, running | error: Attempt ended: The agent was stopped | commit turn 1 failed, not begun | clear deadline | clear silence",
    pause: "working, paused | pause agent | clear deadline | clear silence",
    "signalled: pause": "working, running | publish agent",
    "signalled: resume": "working, running | publish agent",
    cancel: "working, stopping | publish agent | stop agent | clear deadline | clear silence",
    leave: "working, stopping | publish agent | stop agent | clear deadline | clear silence",
    "budget is spent": "working, stopping | publish agent | stop agent | clear deadline | clear silence",
    "lease lost": "working, stopping | stop agent | clear deadline | clear silence",
    broke: "working, stopping | publish agent | stop agent | clear deadline | clear silence",
    "is given its prompt": "working, running, prompted",
    "a message": "working, running, messages: 1",
    "a message that does not wait":
      "working, running, messages: 1, interrupted | info: The turn is ended for a message | interrupt turn",
    "message refused": "working, running, not taken",
    "deadline fired": "working, stopping | publish agent | stop agent | clear silence",
    "silence fired": "working, running | set silence 100",
  },
  "cancelled while preparing": {
    prepared:
      "saving, stopping | info: Attempt ended: the task was cancelled | commit turn 1 failed, not begun",
    "prepared in a worktree": "closing, stopping | save work",
    "not started":
      "saving, stopping | info: Attempt ended: the task was cancelled | commit turn 1 failed, not begun",
    "lease lost": "preparing, stopping",
    "a message": "preparing, stopping, messages: 1",
    "a message that does not wait": "preparing, stopping, messages: 1",
  },
  "cancelled while starting": {
    "not started":
      "saving, stopping | error: not installed | info: Attempt ended: the task was cancelled | commit turn 1 failed, not begun",
    spawned: "working, stopping | stop agent",
    "reports its start": "starting, stopping | publish agent",
    "reports a session": "starting, stopping | ready | write session",
    "reports a line": "starting, stopping | info: hello",
    "reports activity": "starting, stopping, writing, 0 after it | write progress",
    "reports a retry": "starting, stopping, writing, 0 after it | write progress | publish agent",
    "reports a silence": "starting, stopping, writing, 0 after it | warn: No sign of life | write progress",
    "reports usage": "starting, stopping, writing, 0 after it | write progress",
    "asks for permission": "starting, stopping | publish p2 | warn: Permission asked: May I? | publish agent",
    "lease lost": "starting, stopping",
    "is given its prompt": "starting, stopping, prompted",
    "a message": "starting, stopping, messages: 1",
    "a message that does not wait": "starting, stopping, messages: 1",
  },
  "stopping: cancel": {
    "reports a session": "working, stopping | ready | write session",
    "reports a line": "working, stopping | info: hello",
    "reports activity": "working, stopping, writing, 0 after it | write progress",
    "reports a retry": "working, stopping, writing, 0 after it | write progress | publish agent",
    "reports a silence": "working, stopping, writing, 0 after it | warn: No sign of life | write progress",
    "reports usage": "working, stopping, writing, 0 after it | write progress",
    "asks for permission": "working, stopping | publish p2 | warn: Permission asked: May I? | publish agent",
    "agent completed":
      "saving, stopping | info: Attempt ended: the task was cancelled | commit turn 1 completed",
    "agent failed":
      "saving, stopping | info: Attempt ended: the task was cancelled | commit turn 1 failed, not begun",
    "agent stopped":
      "saving, stopping | info: Attempt ended: the task was cancelled | commit turn 1 failed, not begun",
    "signalled: pause": "working, stopping | publish agent",
    "signalled: resume": "working, stopping | publish agent",
    "lease lost": "working, stopping",
    "is given its prompt": "working, stopping, prompted",
    "a message": "working, stopping, messages: 1",
    "a message that does not wait": "working, stopping, messages: 1",
    "message refused": "working, stopping, not taken",
  },
  "stopping: timeout": {
    "reports a session": "working, stopping | ready | write session",
    "reports a line": "working, stopping | info: hello",
    "reports activity": "working, stopping, writing, 0 after it | write progress",
    "reports a retry": "working, stopping, writing, 0 after it | write progress | publish agent",
    "reports a silence": "working, stopping, writing, 0 after it | warn: No sign of life | write progress",
    "reports usage": "working, stopping, writing, 0 after it | write progress",
    "asks for permission": "working, stopping | publish p2 | warn: Permission asked: May I? | publish agent",
    "agent completed":
      "saving, stopping | error: Attempt ended: TASK_TIMEOUT_EXCEEDED: the task ran longer than its timeout of 1000 ms | commit turn 1 timeout, not begun",
    "agent failed":
      "saving, stopping | error: Attempt ended: TASK_TIMEOUT_EXCEEDED: the task ran longer than its timeout of 1000 ms | commit turn 1 timeout, not begun",
    "agent stopped":
      "saving, stopping | error: Attempt ended: TASK_TIMEOUT_EXCEEDED: the task ran longer than its timeout of 1000 ms | commit turn 1 timeout, not begun",
    "signalled: pause": "working, stopping | publish agent",
    "signalled: resume": "working, stopping | publish agent",
    "lease lost": "working, stopping",
    "is given its prompt": "working, stopping, prompted",
    "a message": "working, stopping, messages: 1",
    "a message that does not wait": "working, stopping, messages: 1",
    "message refused": "working, stopping, not taken",
  },
  "stopping: silence": {
    "reports a session": "working, stopping | ready | write session",
    "reports a line": "working, stopping | info: hello",
    "reports activity": "working, stopping, writing, 0 after it | write progress",
    "reports a retry": "working, stopping, writing, 0 after it | write progress | publish agent",
    "reports a silence": "working, stopping, writing, 0 after it | warn: No sign of life | write progress",
    "reports usage": "working, stopping, writing, 0 after it | write progress",
    "asks for permission": "working, stopping | publish p2 | warn: Permission asked: May I? | publish agent",
    "agent completed": "saving, stopping | info: Task completed | commit turn 1 completed",
    "agent failed":
      "saving, stopping | warn: Attempt ended: The agent gave no sign of life for 300 ms. The agent is started again after a wait | commit turn 1 unresponsive, not begun",
    "agent stopped":
      "saving, stopping | warn: Attempt ended: The agent gave no sign of life for 300 ms. The agent is started again after a wait | commit turn 1 unresponsive, not begun",
    "signalled: pause": "working, stopping | publish agent",
    "signalled: resume": "working, stopping | publish agent",
    "lease lost": "working, stopping",
    "is given its prompt": "working, stopping, prompted",
    "a message": "working, stopping, messages: 1",
    "a message that does not wait": "working, stopping, messages: 1",
    "message refused": "working, stopping, not taken",
  },
  "stopping: leave": {
    "reports a session": "working, stopping | ready | write session",
    "reports a line": "working, stopping | info: hello",
    "reports activity": "working, stopping, writing, 0 after it | write progress",
    "reports a retry": "working, stopping, writing, 0 after it | write progress | publish agent",
    "reports a silence": "working, stopping, writing, 0 after it | warn: No sign of life | write progress",
    "reports usage": "working, stopping, writing, 0 after it | write progress",
    "asks for permission": "working, stopping | publish p2 | warn: Permission asked: May I? | publish agent",
    "agent completed": "saving, stopping | info: Task completed | commit turn 1 completed",
    "agent failed": "saving, stopping | error: Attempt ended: no | commit turn 1 failed, not begun",
    "agent stopped":
      "saving, stopping | info: Attempt ended: the server is shutting down | commit turn 1 failed, left, not begun",
    "signalled: pause": "working, stopping | publish agent",
    "signalled: resume": "working, stopping | publish agent",
    "lease lost": "working, stopping",
    "is given its prompt": "working, stopping, prompted",
    "a message": "working, stopping, messages: 1",
    "a message that does not wait": "working, stopping, messages: 1",
    "message refused": "working, stopping, not taken",
  },
  "stopping: budget": {
    "reports a session": "working, stopping | ready | write session",
    "reports a line": "working, stopping | info: hello",
    "reports activity": "working, stopping, writing, 0 after it | write progress",
    "reports a retry": "working, stopping, writing, 0 after it | write progress | publish agent",
    "reports a silence": "working, stopping, writing, 0 after it | warn: No sign of life | write progress",
    "reports usage": "working, stopping, writing, 0 after it | write progress",
    "asks for permission": "working, stopping | publish p2 | warn: Permission asked: May I? | publish agent",
    "agent completed": "saving, stopping | info: Task completed | commit turn 1 completed",
    "agent failed":
      "saving, stopping | warn: Attempt ended: the budget is spent | commit turn 1 interrupted, not begun",
    "agent stopped":
      "saving, stopping | warn: Attempt ended: the budget is spent | commit turn 1 interrupted, not begun",
    "signalled: pause": "working, stopping | publish agent",
    "signalled: resume": "working, stopping | publish agent",
    "lease lost": "working, stopping",
    "is given its prompt": "working, stopping, prompted",
    "a message": "working, stopping, messages: 1",
    "a message that does not wait": "working, stopping, messages: 1",
    "message refused": "working, stopping, not taken",
  },
  "stopping: park": {
    "reports a session": "working, stopping | write session",
    "reports a line": "working, stopping | info: hello",
    "reports activity": "working, stopping, writing, 0 after it | write progress",
    "reports a retry": "working, stopping, writing, 0 after it | write progress | publish agent",
    "reports a silence": "working, stopping, writing, 0 after it | warn: No sign of life | write progress",
    "reports usage": "working, stopping, writing, 0 after it | write progress",
    "asks for permission": "working, stopping | publish p2 | warn: Permission asked: May I? | publish agent",
    "has its answer": "working, stopping | end of p1 | publish agent",
    "agent completed": "saving, stopping | info: Task completed | commit turn 1 completed",
    "agent failed":
      "saving, stopping | info: Attempt ended: the task waits for a person, without a slot | commit turn 1 interrupted, not begun",
    "agent stopped":
      "saving, stopping | info: Attempt ended: the task waits for a person, without a slot | commit turn 1 interrupted, not begun",
    "signalled: pause": "working, stopping | publish agent",
    "signalled: resume": "working, stopping | publish agent",
    "lease lost": "working, stopping",
    "is given its prompt": "working, stopping, prompted",
    "a message": "working, stopping, messages: 1",
    "a message that does not wait": "working, stopping, messages: 1",
    "message refused": "working, stopping, not taken",
  },
  "stopping: bug": {
    "reports a session": "working, stopping | ready | write session",
    "reports a line": "working, stopping | info: hello",
    "reports activity": "working, stopping, writing, 0 after it | write progress",
    "reports a retry": "working, stopping, writing, 0 after it | write progress | publish agent",
    "reports a silence": "working, stopping, writing, 0 after it | warn: No sign of life | write progress",
    "reports usage": "working, stopping, writing, 0 after it | write progress",
    "asks for permission": "working, stopping | publish p2 | warn: Permission asked: May I? | publish agent",
    "agent completed": "saving, stopping | info: Task completed | commit turn 1 completed",
    "agent failed":
      "saving, stopping | error: Attempt ended: Internal error | commit turn 1 failed, not begun",
    "agent stopped":
      "saving, stopping | error: Attempt ended: Internal error | commit turn 1 failed, not begun",
    "signalled: pause": "working, stopping | publish agent",
    "signalled: resume": "working, stopping | publish agent",
    "lease lost": "working, stopping",
    "is given its prompt": "working, stopping, prompted",
    "a message": "working, stopping, messages: 1",
    "a message that does not wait": "working, stopping, messages: 1",
    "message refused": "working, stopping, not taken",
  },
  "stopping: lease lost": {
    "reports a session": "working, stopping | ready",
    "reports activity": "working, stopping, writing, 0 after it",
    "reports a retry": "working, stopping, writing, 0 after it",
    "reports a silence": "working, stopping, writing, 0 after it",
    "reports usage": "working, stopping, writing, 0 after it",
    "asks for permission": "working, stopping",
    "agent completed": "settled, stopping | ready | release",
    "agent failed": "settled, stopping | ready | release",
    "agent stopped": "settled, stopping | ready | release",
    "is given its prompt": "working, stopping, prompted",
    "a message": "working, stopping, messages: 1",
    "a message that does not wait": "working, stopping, messages: 1",
    "message refused": "working, stopping, not taken",
  },
  closing: {
    "reports a line": "closing, running | info: hello",
    cancel: "closing, running | stop saving",
    leave: "closing, running | stop saving",
    "lease lost": "settled, stopping | stop saving | ready | release",
    broke: "closing, running | stop saving",
    "a message": "closing, running, messages: 1",
    "a message that does not wait": "closing, running, messages: 1",
    "work saved":
      "saving, running | info: The changes are on branch x | info: Task completed | commit turn 1 completed",
    "work not saved":
      "saving, running | warn: The work could not be saved: the disk is full | info: Task completed | commit turn 1 completed",
  },
  checking: {
    "reports a session": "working, running, between turns, checking | ready | write session",
    "reports a line": "working, running, between turns, checking | info: hello",
    "reports activity": "working, running, between turns, checking, writing, 0 after it | write progress",
    "reports a retry":
      "working, retrying, between turns, checking, writing, 0 after it | write progress | publish agent",
    "reports a silence":
      "working, running, between turns, checking, writing, 0 after it | warn: No sign of life | write progress",
    "reports usage": "working, running, between turns, checking, writing, 0 after it | write progress",
    "asks for permission":
      "working, waiting_for_permission, between turns, checking | publish p2 | warn: Permission asked: May I? | publish agent",
    "agent completed": "closing, running, between turns, checking",
    "agent failed": "closing, running, between turns, checking",
    "agent stopped": "closing, running, between turns, checking",
    pause: "working, paused, between turns, checking | pause agent | clear deadline",
    "signalled: pause": "working, running, between turns, checking | publish agent",
    "signalled: resume": "working, running, between turns, checking | publish agent",
    cancel:
      "working, stopping, between turns, checks stopped | stop checks | publish agent | stop agent | clear deadline",
    leave:
      "working, stopping, between turns, checks stopped | stop checks | publish agent | stop agent | clear deadline",
    "lease lost":
      "working, stopping, between turns, checks stopped | stop checks | stop agent | clear deadline",
    broke:
      "working, stopping, between turns, checks stopped | stop checks | publish agent | stop agent | clear deadline",
    "is given its prompt": "working, running, between turns, prompted, checking",
    "a message":
      "working, running, messages: 1, between turns, checks stopped | stop checks | clear deadline",
    "a message that does not wait":
      "working, running, messages: 1, between turns, checks stopped | stop checks | clear deadline",
    "message refused": "working, running, between turns, not taken, checking",
    "deadline fired":
      "working, stopping, between turns, checks stopped | stop checks | publish agent | stop agent",
    "checks passed": "working, running | next turn: none | set silence 100",
    "a check failed": "working, running, between turns | commit turn 1, to go on | clear deadline",
    "checks given up":
      "working, running, between turns, checking | info: The turn has ended: its checks run | run checks",
  },
  "checking, ended": {
    "reports a line": "closing, running, between turns, checking | info: hello",
    cancel: "closing, stopping, between turns, checks stopped | stop checks | clear deadline",
    leave: "closing, stopping, between turns, checks stopped | stop checks | clear deadline",
    "lease lost":
      "settled, stopping, between turns, checks stopped | stop checks | ready | release | clear deadline",
    broke: "closing, stopping, between turns, checks stopped | stop checks | clear deadline",
    "a message": "closing, running, messages: 1, between turns, checking",
    "a message that does not wait": "closing, running, messages: 1, between turns, checking",
    "deadline fired": "closing, stopping, between turns, checks stopped | stop checks",
    "checks passed": "saving, running | info: Task completed | commit turn 1 completed | clear deadline",
    "a check failed":
      "saving, running | info: The turn is completed. The next message follows in another attempt | commit turn 1 completed | clear deadline",
    "checks given up": "closing, running, checking | info: The turn has ended: its checks run | run checks",
  },
  "checking, cancelled": {
    "reports a session": "working, stopping, between turns, checks stopped | ready | write session",
    "reports a line": "working, stopping, between turns, checks stopped | info: hello",
    "reports activity":
      "working, stopping, between turns, checks stopped, writing, 0 after it | write progress",
    "reports a retry":
      "working, stopping, between turns, checks stopped, writing, 0 after it | write progress | publish agent",
    "reports a silence":
      "working, stopping, between turns, checks stopped, writing, 0 after it | warn: No sign of life | write progress",
    "reports usage": "working, stopping, between turns, checks stopped, writing, 0 after it | write progress",
    "asks for permission":
      "working, stopping, between turns, checks stopped | publish p2 | warn: Permission asked: May I? | publish agent",
    "agent completed": "closing, stopping, between turns, checks stopped",
    "agent failed": "closing, stopping, between turns, checks stopped",
    "agent stopped": "closing, stopping, between turns, checks stopped",
    "signalled: pause": "working, stopping, between turns, checks stopped | publish agent",
    "signalled: resume": "working, stopping, between turns, checks stopped | publish agent",
    "lease lost": "working, stopping, between turns, checks stopped",
    "is given its prompt": "working, stopping, between turns, prompted, checks stopped",
    "a message": "working, stopping, messages: 1, between turns, checks stopped",
    "a message that does not wait": "working, stopping, messages: 1, between turns, checks stopped",
    "message refused": "working, stopping, between turns, not taken, checks stopped",
    "checks passed": "working, stopping",
    "a check failed": "working, stopping",
    "checks given up": "working, stopping",
  },
  "checking a message's turn": {
    "reports a session":
      "working, running, turn 2, between turns, prompted, checking | ready | write session",
    "reports a line": "working, running, turn 2, between turns, prompted, checking | info: hello",
    "reports activity":
      "working, running, turn 2, between turns, prompted, checking, writing, 0 after it | write progress",
    "reports a retry":
      "working, retrying, turn 2, between turns, prompted, checking, writing, 0 after it | write progress | publish agent",
    "reports a silence":
      "working, running, turn 2, between turns, prompted, checking, writing, 0 after it | warn: No sign of life | write progress",
    "reports usage":
      "working, running, turn 2, between turns, prompted, checking, writing, 0 after it | write progress",
    "asks for permission":
      "working, waiting_for_permission, turn 2, between turns, prompted, checking | publish p2 | warn: Permission asked: May I? | publish agent",
    "agent completed": "closing, running, turn 2, between turns, prompted, checking",
    "agent failed": "closing, running, turn 2, between turns, prompted, checking",
    "agent stopped": "closing, running, turn 2, between turns, prompted, checking",
    pause: "working, paused, turn 2, between turns, prompted, checking | pause agent | clear deadline",
    "signalled: pause": "working, running, turn 2, between turns, prompted, checking | publish agent",
    "signalled: resume": "working, running, turn 2, between turns, prompted, checking | publish agent",
    cancel:
      "working, stopping, turn 2, between turns, prompted, checks stopped | stop checks | publish agent | stop agent | clear deadline",
    leave:
      "working, stopping, turn 2, between turns, prompted, checks stopped | stop checks | publish agent | stop agent | clear deadline",
    "lease lost":
      "working, stopping, turn 2, between turns, prompted, checks stopped | stop checks | stop agent | clear deadline",
    broke:
      "working, stopping, turn 2, between turns, prompted, checks stopped | stop checks | publish agent | stop agent | clear deadline",
    "is given its prompt": "working, running, turn 2, between turns, prompted, checking",
    "a message":
      "working, running, turn 2, messages: 1, between turns, prompted, checks stopped | stop checks | clear deadline",
    "a message that does not wait":
      "working, running, turn 2, messages: 1, between turns, prompted, checks stopped | stop checks | clear deadline",
    "message refused": "working, running, turn 2, between turns, not taken, checking",
    "deadline fired":
      "working, stopping, turn 2, between turns, prompted, checks stopped | stop checks | publish agent | stop agent",
    "checks passed": "working, running, turn 2, prompted | next turn: none | set silence 100",
    "a check failed": "working, running, turn 2, prompted | next turn: none | set silence 100",
    "checks given up":
      "working, running, turn 2, between turns, prompted, checking | info: The turn has ended: its checks run | run checks",
  },
  "checking what a command did": {
    "reports a line": "closing, running, checking | info: hello",
    cancel: "closing, stopping, checks stopped | stop checks | clear deadline",
    leave: "closing, stopping, checks stopped | stop checks | clear deadline",
    "lease lost":
      "settled, stopping, checks stopped | stop checks | stop saving | ready | release | clear deadline",
    broke: "closing, stopping, checks stopped | stop checks | clear deadline",
    "a message": "closing, running, messages: 1, checking",
    "a message that does not wait": "closing, running, messages: 1, checking",
    "deadline fired": "closing, stopping, checks stopped | stop checks",
    "work saved": "closing, running, checking | info: The changes are on branch x",
    "work not saved": "closing, running, checking | warn: The work could not be saved: the disk is full",
    "checks passed": "closing, running | save work | clear deadline",
    "a check failed": "closing, running | save work | clear deadline",
    "checks given up": "closing, running, checking | info: The turn has ended: its checks run | run checks",
  },
  "checking what a command did, leaving": {
    "reports a line": "closing, stopping, checks stopped | info: hello",
    "lease lost": "settled, stopping, checks stopped | stop saving | ready | release",
    "a message": "closing, stopping, messages: 1, checks stopped",
    "a message that does not wait": "closing, stopping, messages: 1, checks stopped",
    "work saved": "closing, stopping, checks stopped | info: The changes are on branch x",
    "work not saved":
      "closing, stopping, checks stopped | warn: The work could not be saved: the disk is full",
    "checks passed": "saving, stopping | info: Task completed | commit turn 1 completed",
    "a check failed":
      "saving, stopping | error: Attempt ended: Check 'check 2' failed | commit turn 1 failed, not begun",
    "checks given up":
      "saving, stopping | info: Attempt ended: the server is shutting down | commit turn 1 failed, left, not begun",
  },
  "checking is left to the next turn": {
    "reports a line": "saving, running, messages: 1 | info: hello",
    "lease lost": "saving, running, messages: 1",
    broke: "saving, running, messages: 1, unsaved | set save_again 1000",
    "no more messages": "saving, running",
    committed: "settled, stopping, messages: 1 | publish agent | ready | release",
    "to be checked":
      "closing, running, checking | info: The turn has ended: its checks run | run checks | set deadline 1000",
    "commit failed": "saving, running, messages: 1, unsaved | set save_again 1000",
    "commit failed, store closed":
      "settled, stopping, messages: 1, unsaved | publish agent | ready | release",
  },
  saving: {
    "reports a line": "saving, running | info: hello",
    "lease lost": "saving, running",
    broke: "saving, running, unsaved | set save_again 1000",
    "a message": "saving, running, messages: 1",
    "a message that does not wait": "saving, running, messages: 1",
    committed: "settled, stopping | publish agent | ready | release",
    "to be checked": "saving, running | info: Task completed | commit turn 1 completed",
    "commit failed": "saving, running, unsaved | set save_again 1000",
    "commit failed, store closed": "settled, stopping, unsaved | publish agent | ready | release",
  },
  "saving again": {
    "reports a line": "saving, running, unsaved | info: hello",
    "lease lost": "settled, stopping, unsaved | clear save_again | ready | release",
    "a message": "saving, running, messages: 1, unsaved",
    "a message that does not wait": "saving, running, messages: 1, unsaved",
    "save again fired": "saving, running, unsaved | commit turn 1 completed",
    committed: "settled, stopping, unsaved | publish agent | clear save_again | ready | release",
  },
  settled: {},
};

for (const state of Object.keys(TABLE_STATES) as StateName[]) {
  Deno.test(`attempt, ${state}`, () => {
    const found = Object.fromEntries(
      (Object.keys(TABLE_EVENTS) as EventName[]).flatMap((event) => {
        const follows = followsFrom(state, event);
        return follows === undefined ? [] : [[event, follows]];
      }),
    );
    assert.deepEqual(found, TABLE[state]);
  });
}
