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
    claimed: "preparing, starting | publish agent | prepare",
    abandoned: "settled, stopping | ready | release",
    pause: "claiming, paused",
    cancel: "claiming, stopping",
    leave: "claiming, stopping",
    "lease lost": "claiming, stopping",
    broke: "claiming, stopping",
    message: "claiming, starting, messages: 1",
  },
  "cancelled while claiming": {
    claimed: "saving, stopping | info: Attempt ended: the task was cancelled | commit turn 1 failed",
    abandoned: "settled, stopping | ready | release",
    "lease lost": "claiming, stopping",
  },
  preparing: {
    prepared: "starting, starting | info: Attempt 2 started with agent 'scripted' | start agent",
    "prepared in a worktree":
      "starting, starting | info: Attempt 2 started with agent 'scripted' | start agent",
    "not started":
      "saving, starting | error: not installed | error: Attempt ended: not installed | commit turn 1 failed",
    pause: "preparing, paused | publish agent",
    cancel: "preparing, stopping | publish agent | stop preparing",
    leave: "preparing, stopping | publish agent | stop preparing",
    "lease lost": "preparing, stopping | stop preparing",
    broke: "preparing, stopping | publish agent | stop preparing",
    message: "preparing, starting, messages: 1",
  },
  starting: {
    "reports a silence": "starting, starting, writing, 0 after it | warn: No sign of life | write progress",
    "not started":
      "saving, starting | error: not installed | error: Attempt ended: not installed | commit turn 1 failed",
    spawned: "working, starting | set deadline 1000 | set silence 100",
    "reports its start": "starting, running | publish agent",
    "reports a session": "starting, starting | ready | write session",
    "reports a line": "starting, starting | info: hello",
    "reports activity": "starting, starting, writing, 0 after it | write progress",
    "reports a retry": "starting, starting, writing, 0 after it | write progress | publish agent",
    "asks for permission": "starting, starting | publish p2 | warn: Permission asked: May I? | publish agent",
    pause: "starting, paused | publish agent",
    cancel: "starting, stopping | publish agent",
    leave: "starting, stopping | publish agent",
    "lease lost": "starting, stopping",
    broke: "starting, stopping | publish agent",
    message: "starting, starting, messages: 1",
    "goes on of itself":
      "starting, starting, turn 2 | info: The agent goes on of itself after its turn has ended | write turn | publish agent",
  },
  working: {
    "reports a silence": "working, running, writing, 0 after it | warn: No sign of life | write progress",
    "reports a session": "working, running | ready | write session",
    "reports a line": "working, running | info: hello",
    "reports activity": "working, running, writing, 0 after it | write progress",
    "reports a retry": "working, retrying, writing, 0 after it | write progress | publish agent",
    "asks for permission":
      "working, waiting_for_permission | publish p2 | warn: Permission asked: May I? | publish agent | clear deadline | clear silence",
    "agent completed":
      "saving, running | info: Task completed | commit turn 1 completed | clear deadline | clear silence",
    "agent failed":
      "saving, running | error: Attempt ended: no | commit turn 1 failed | clear deadline | clear silence",
    "agent stopped":
      "saving, running | error: Attempt ended: The agent was stopped | commit turn 1 failed | clear deadline | clear silence",
    pause: "working, paused | pause agent | clear deadline | clear silence",
    "signalled: pause": "working, running | publish agent",
    "signalled: resume": "working, running | publish agent",
    cancel: "working, stopping | publish agent | stop agent | clear deadline | clear silence",
    leave: "working, stopping | publish agent | stop agent | clear deadline | clear silence",
    "lease lost": "working, stopping | stop agent | clear deadline | clear silence",
    broke: "working, stopping | publish agent | stop agent | clear deadline | clear silence",
    message: "working, running, messages: 1",
    "deadline fired": "working, stopping | publish agent | stop agent | clear silence",
    "silence fired": "working, running | set silence 100",
    "goes on of itself":
      "working, running, turn 2 | info: The agent goes on of itself after its turn has ended | write turn | publish agent",
  },
  writing: {
    "reports a silence": "working, running, writing, 1 after it | warn: No sign of life",
    "reports a session": "working, running, writing, 0 after it | ready | write session",
    "reports a line": "working, running, writing, 0 after it | info: hello",
    "reports activity": "working, running, writing, 1 after it",
    "reports a retry": "working, retrying, writing, 1 after it | publish agent",
    "asks for permission":
      "working, waiting_for_permission, writing, 0 after it | publish p2 | warn: Permission asked: May I? | publish agent | clear deadline | clear silence",
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
    "lease lost": "working, stopping, writing, 0 after it | stop agent | clear deadline | clear silence",
    broke:
      "working, stopping, writing, 0 after it | publish agent | stop agent | clear deadline | clear silence",
    message: "working, running, messages: 1, writing, 0 after it",
    "deadline fired": "working, stopping, writing, 0 after it | publish agent | stop agent | clear silence",
    "silence fired": "working, running, writing, 0 after it | set silence 100",
    "progress written": "working, running | publish agent",
    "progress refused": "working, running",
    "goes on of itself":
      "working, running, turn 2, writing, 0 after it | info: The agent goes on of itself after its turn has ended | write turn | publish agent",
  },
  asking: {
    "reports a silence":
      "working, waiting_for_permission, writing, 0 after it | warn: No sign of life | write progress",
    "reports a session": "working, waiting_for_permission | ready | write session",
    "reports a line": "working, waiting_for_permission | info: hello",
    "reports activity": "working, waiting_for_permission, writing, 0 after it | write progress",
    "reports a retry":
      "working, waiting_for_permission, writing, 0 after it | write progress | publish agent",
    "asks for permission":
      "working, waiting_for_permission | publish p2 | warn: Permission asked: May I? | publish agent",
    "has its answer": "working, running | end of p1 | publish agent | set deadline 1000 | set silence 100",
    "agent completed": "saving, waiting_for_permission | info: Task completed | commit turn 1 completed",
    "agent failed": "saving, waiting_for_permission | error: Attempt ended: no | commit turn 1 failed",
    "agent stopped":
      "saving, waiting_for_permission | error: Attempt ended: The agent was stopped | commit turn 1 failed",
    pause: "working, paused | pause agent",
    "signalled: pause": "working, waiting_for_permission | publish agent",
    "signalled: resume": "working, waiting_for_permission | publish agent",
    cancel: "working, stopping | publish agent | stop agent",
    leave: "working, stopping | publish agent | stop agent",
    "lease lost": "working, stopping | stop agent",
    broke: "working, stopping | publish agent | stop agent",
    message: "working, waiting_for_permission, messages: 1",
    "goes on of itself":
      "working, waiting_for_permission, turn 2 | info: The agent goes on of itself after its turn has ended | write turn | publish agent",
  },
  retrying: {
    "reports a silence": "working, retrying, writing, 0 after it | warn: No sign of life | write progress",
    "reports a session": "working, retrying | ready | write session",
    "reports a line": "working, retrying | info: hello",
    "reports a retry": "working, retrying, writing, 0 after it | write progress",
    "reports that it goes on": "working, running | publish agent",
    "asks for permission":
      "working, waiting_for_permission | publish p2 | warn: Permission asked: May I? | publish agent | clear deadline | clear silence",
    "agent completed":
      "saving, retrying | info: Task completed | commit turn 1 completed | clear deadline | clear silence",
    "agent failed":
      "saving, retrying | error: Attempt ended: no | commit turn 1 failed | clear deadline | clear silence",
    "agent stopped":
      "saving, retrying | error: Attempt ended: The agent was stopped | commit turn 1 failed | clear deadline | clear silence",
    "pause": "working, paused | pause agent | clear deadline | clear silence",
    "signalled: pause": "working, retrying | publish agent",
    "signalled: resume": "working, retrying | publish agent",
    "cancel": "working, stopping | publish agent | stop agent | clear deadline | clear silence",
    "leave": "working, stopping | publish agent | stop agent | clear deadline | clear silence",
    "lease lost": "working, stopping | stop agent | clear deadline | clear silence",
    "broke": "working, stopping | publish agent | stop agent | clear deadline | clear silence",
    "message": "working, retrying, messages: 1",
    "deadline fired": "working, stopping | publish agent | stop agent | clear silence",
    "silence fired": "working, retrying | set silence 100",
    "goes on of itself":
      "working, retrying, turn 2 | info: The agent goes on of itself after its turn has ended | write turn | publish agent",
  },
  unresponsive: {
    "reports a silence":
      "working, unresponsive, writing, 0 after it | warn: No sign of life | write progress",
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
    "reports that it goes on":
      "working, running | clear silence | info: The agent gives signs of life again | publish agent | set silence 100",
    "reports usage":
      "working, running | clear silence | info: The agent gives signs of life again | publish agent | set silence 100",
    "asks for permission":
      "working, waiting_for_permission | clear silence | info: The agent gives signs of life again | publish agent | publish p2 | warn: Permission asked: May I? | publish agent | clear deadline",
    "has its answer":
      "working, running | clear silence | info: The agent gives signs of life again | publish agent | set silence 100",
    "ends its turn":
      "working, running | clear silence | info: The agent gives signs of life again | publish agent | set silence 100",
    "fails its turn":
      "working, running | clear silence | info: The agent gives signs of life again | publish agent | set silence 100",
    "agent completed":
      "saving, running | info: Task completed | commit turn 1 completed | clear deadline | clear silence",
    "agent failed":
      "saving, running | error: Attempt ended: no | commit turn 1 failed | clear deadline | clear silence",
    "agent stopped":
      "saving, running | error: Attempt ended: The agent was stopped | commit turn 1 failed | clear deadline | clear silence",
    pause: "working, paused | pause agent | clear deadline | clear silence",
    "signalled: pause": "working, unresponsive | publish agent",
    "signalled: resume": "working, unresponsive | publish agent",
    cancel: "working, stopping | publish agent | stop agent | clear deadline | clear silence",
    leave: "working, stopping | publish agent | stop agent | clear deadline | clear silence",
    "lease lost": "working, stopping | stop agent | clear deadline | clear silence",
    broke: "working, stopping | publish agent | stop agent | clear deadline | clear silence",
    message: "working, unresponsive, messages: 1",
    "deadline fired": "working, stopping | publish agent | stop agent | clear silence",
    "silence fired": "working, unresponsive | set silence 200",
    "goes on of itself":
      "working, running, turn 2 | clear silence | info: The agent gives signs of life again | publish agent | info: The agent goes on of itself after its turn has ended | write turn | publish agent | set silence 100",
  },
  "paused while starting": {
    "reports a silence": "starting, paused, writing, 0 after it | warn: No sign of life | write progress",
    "not started":
      "saving, paused | error: not installed | error: Attempt ended: not installed | commit turn 1 failed",
    spawned: "working, paused | pause agent",
    "reports its start": "starting, paused | publish agent",
    "reports a session": "starting, paused | ready | write session",
    "reports a line": "starting, paused | info: hello",
    "reports activity": "starting, paused, writing, 0 after it | write progress",
    "reports a retry": "starting, paused, writing, 0 after it | write progress | publish agent",
    "asks for permission": "starting, paused | publish p2 | warn: Permission asked: May I? | publish agent",
    resume: "starting, starting | publish agent",
    cancel: "starting, stopping | publish agent",
    leave: "starting, stopping | publish agent",
    "lease lost": "starting, stopping",
    broke: "starting, stopping | publish agent",
    message: "starting, paused, messages: 1",
    "goes on of itself":
      "starting, paused, turn 2 | info: The agent goes on of itself after its turn has ended | write turn | publish agent",
  },
  paused: {
    "reports a silence": "working, paused, writing, 0 after it | warn: No sign of life | write progress",
    "reports a session": "working, paused | ready | write session",
    "reports a line": "working, paused | info: hello",
    "reports activity": "working, paused, writing, 0 after it | write progress",
    "reports a retry": "working, paused, writing, 0 after it | write progress | publish agent",
    "asks for permission": "working, paused | publish p2 | warn: Permission asked: May I? | publish agent",
    "agent completed": "saving, paused | info: Task completed | commit turn 1 completed",
    "agent failed": "saving, paused | error: Attempt ended: no | commit turn 1 failed",
    "agent stopped": "saving, paused | error: Attempt ended: The agent was stopped | commit turn 1 failed",
    resume: "working, running, frozen | resume agent",
    "signalled: pause": "working, paused | publish agent",
    "signalled: resume": "working, paused | publish agent",
    cancel: "working, stopping | publish agent | stop agent",
    leave: "working, stopping | publish agent | stop agent",
    "lease lost": "working, stopping | stop agent",
    broke: "working, stopping | publish agent | stop agent",
    message: "working, paused, messages: 1",
    "goes on of itself":
      "working, paused, turn 2 | info: The agent goes on of itself after its turn has ended | write turn | publish agent",
  },
  resuming: {
    "reports a silence":
      "working, running, frozen, writing, 0 after it | warn: No sign of life | write progress",
    "reports a session": "working, running, frozen | ready | write session",
    "reports a line": "working, running, frozen | info: hello",
    "reports activity": "working, running, frozen, writing, 0 after it | write progress",
    "reports a retry": "working, retrying, frozen, writing, 0 after it | write progress | publish agent",
    "asks for permission":
      "working, waiting_for_permission, frozen | publish p2 | warn: Permission asked: May I? | publish agent",
    "agent completed": "saving, running, frozen | info: Task completed | commit turn 1 completed",
    "agent failed": "saving, running, frozen | error: Attempt ended: no | commit turn 1 failed",
    "agent stopped":
      "saving, running, frozen | error: Attempt ended: The agent was stopped | commit turn 1 failed",
    pause: "working, paused | pause agent",
    "signalled: pause": "working, running, frozen | publish agent",
    "signalled: resume": "working, running | publish agent | set deadline 1000 | set silence 100",
    cancel: "working, stopping, frozen | publish agent | stop agent",
    leave: "working, stopping, frozen | publish agent | stop agent",
    "lease lost": "working, stopping, frozen | stop agent",
    broke: "working, stopping, frozen | publish agent | stop agent",
    message: "working, running, frozen, messages: 1",
    "goes on of itself":
      "working, running, frozen, turn 2 | info: The agent goes on of itself after its turn has ended | write turn | publish agent",
  },
  "with a message": {
    "reports a silence":
      "working, running, messages: 1, writing, 0 after it | warn: No sign of life | write progress",
    "reports a session": "working, running, messages: 1 | ready | write session",
    "reports a line": "working, running, messages: 1 | info: hello",
    "reports activity": "working, running, messages: 1, writing, 0 after it | write progress",
    "reports a retry": "working, retrying, messages: 1, writing, 0 after it | write progress | publish agent",
    "asks for permission":
      "working, waiting_for_permission, messages: 1 | publish p2 | warn: Permission asked: May I? | publish agent | clear deadline | clear silence",
    "ends its turn":
      "working, running, turn 2 | clear deadline | write turn | publish agent | next turn: more | set deadline 1000",
    "fails its turn": "working, running, messages: 1 | next turn: none",
    "agent completed":
      "saving, running, messages: 1 | info: Task completed | commit turn 1 completed | clear deadline | clear silence",
    "agent failed":
      "saving, running, messages: 1 | error: Attempt ended: no | commit turn 1 failed | clear deadline | clear silence",
    "agent stopped":
      "saving, running, messages: 1 | error: Attempt ended: The agent was stopped | commit turn 1 failed | clear deadline | clear silence",
    pause: "working, paused, messages: 1 | pause agent | clear deadline | clear silence",
    "signalled: pause": "working, running, messages: 1 | publish agent",
    "signalled: resume": "working, running, messages: 1 | publish agent",
    cancel: "working, stopping, messages: 1 | publish agent | stop agent | clear deadline | clear silence",
    leave: "working, stopping, messages: 1 | publish agent | stop agent | clear deadline | clear silence",
    "lease lost": "working, stopping, messages: 1 | stop agent | clear deadline | clear silence",
    broke: "working, stopping, messages: 1 | publish agent | stop agent | clear deadline | clear silence",
    message: "working, running, messages: 2",
    "deadline fired": "working, stopping, messages: 1 | publish agent | stop agent | clear silence",
    "silence fired": "working, running, messages: 1 | set silence 100",
    "goes on of itself":
      "working, running, turn 2, messages: 1 | info: The agent goes on of itself after its turn has ended | write turn | publish agent",
  },
  "without a message": {
    "reports a silence": "working, running, writing, 0 after it | warn: No sign of life | write progress",
    "reports a session": "working, running | ready | write session",
    "reports a line": "working, running | info: hello",
    "reports activity": "working, running, writing, 0 after it | write progress",
    "reports a retry": "working, retrying, writing, 0 after it | write progress | publish agent",
    "asks for permission":
      "working, waiting_for_permission | publish p2 | warn: Permission asked: May I? | publish agent | clear deadline | clear silence",
    "ends its turn": "working, running | next turn: none",
    "fails its turn": "working, running | next turn: none",
    "agent completed":
      "saving, running | info: Task completed | commit turn 1 completed | clear deadline | clear silence",
    "agent failed":
      "saving, running | error: Attempt ended: no | commit turn 1 failed | clear deadline | clear silence",
    "agent stopped":
      "saving, running | error: Attempt ended: The agent was stopped | commit turn 1 failed | clear deadline | clear silence",
    pause: "working, paused | pause agent | clear deadline | clear silence",
    "signalled: pause": "working, running | publish agent",
    "signalled: resume": "working, running | publish agent",
    cancel: "working, stopping | publish agent | stop agent | clear deadline | clear silence",
    leave: "working, stopping | publish agent | stop agent | clear deadline | clear silence",
    "lease lost": "working, stopping | stop agent | clear deadline | clear silence",
    broke: "working, stopping | publish agent | stop agent | clear deadline | clear silence",
    message: "working, running, messages: 1",
    "deadline fired": "working, stopping | publish agent | stop agent | clear silence",
    "silence fired": "working, running | set silence 100",
    "goes on of itself":
      "working, running, turn 2 | info: The agent goes on of itself after its turn has ended | write turn | publish agent",
  },
  "cancelled while preparing": {
    prepared: "saving, stopping | info: Attempt ended: the task was cancelled | commit turn 1 failed",
    "prepared in a worktree": "closing, stopping | save work",
    "not started": "saving, stopping | info: Attempt ended: the task was cancelled | commit turn 1 failed",
    "lease lost": "preparing, stopping",
  },
  "cancelled while starting": {
    "reports a silence": "starting, stopping, writing, 0 after it | warn: No sign of life | write progress",
    "not started":
      "saving, stopping | error: not installed | info: Attempt ended: the task was cancelled | commit turn 1 failed",
    spawned: "working, stopping | stop agent",
    "reports its start": "starting, stopping | publish agent",
    "reports a session": "starting, stopping | ready | write session",
    "reports a line": "starting, stopping | info: hello",
    "reports activity": "starting, stopping, writing, 0 after it | write progress",
    "reports a retry": "starting, stopping, writing, 0 after it | write progress | publish agent",
    "asks for permission": "starting, stopping | publish p2 | warn: Permission asked: May I? | publish agent",
    "lease lost": "starting, stopping",
  },
  "stopping: cancel": {
    "reports a silence": "working, stopping, writing, 0 after it | warn: No sign of life | write progress",
    "reports a session": "working, stopping | ready | write session",
    "reports a line": "working, stopping | info: hello",
    "reports activity": "working, stopping, writing, 0 after it | write progress",
    "reports a retry": "working, stopping, writing, 0 after it | write progress | publish agent",
    "asks for permission": "working, stopping | publish p2 | warn: Permission asked: May I? | publish agent",
    "agent completed":
      "saving, stopping | info: Attempt ended: the task was cancelled | commit turn 1 completed",
    "agent failed": "saving, stopping | info: Attempt ended: the task was cancelled | commit turn 1 failed",
    "agent stopped": "saving, stopping | info: Attempt ended: the task was cancelled | commit turn 1 failed",
    "signalled: pause": "working, stopping | publish agent",
    "signalled: resume": "working, stopping | publish agent",
    "lease lost": "working, stopping",
  },
  "stopping: timeout": {
    "reports a silence": "working, stopping, writing, 0 after it | warn: No sign of life | write progress",
    "reports a session": "working, stopping | ready | write session",
    "reports a line": "working, stopping | info: hello",
    "reports activity": "working, stopping, writing, 0 after it | write progress",
    "reports a retry": "working, stopping, writing, 0 after it | write progress | publish agent",
    "asks for permission": "working, stopping | publish p2 | warn: Permission asked: May I? | publish agent",
    "agent completed":
      "saving, stopping | error: Attempt ended: TASK_TIMEOUT_EXCEEDED: the task ran longer than its timeout of 1000 ms | commit turn 1 timeout",
    "agent failed":
      "saving, stopping | error: Attempt ended: TASK_TIMEOUT_EXCEEDED: the task ran longer than its timeout of 1000 ms | commit turn 1 timeout",
    "agent stopped":
      "saving, stopping | error: Attempt ended: TASK_TIMEOUT_EXCEEDED: the task ran longer than its timeout of 1000 ms | commit turn 1 timeout",
    "signalled: pause": "working, stopping | publish agent",
    "signalled: resume": "working, stopping | publish agent",
    "lease lost": "working, stopping",
  },
  "stopping: silence": {
    "reports a silence": "working, stopping, writing, 0 after it | warn: No sign of life | write progress",
    "reports a session": "working, stopping | ready | write session",
    "reports a line": "working, stopping | info: hello",
    "reports activity": "working, stopping, writing, 0 after it | write progress",
    "reports a retry": "working, stopping, writing, 0 after it | write progress | publish agent",
    "asks for permission": "working, stopping | publish p2 | warn: Permission asked: May I? | publish agent",
    "agent completed": "saving, stopping | info: Task completed | commit turn 1 completed",
    "agent failed":
      "saving, stopping | warn: Attempt ended: The agent gave no sign of life for 300 ms. The agent is started again after a wait | commit turn 1 unresponsive",
    "agent stopped":
      "saving, stopping | warn: Attempt ended: The agent gave no sign of life for 300 ms. The agent is started again after a wait | commit turn 1 unresponsive",
    "signalled: pause": "working, stopping | publish agent",
    "signalled: resume": "working, stopping | publish agent",
    "lease lost": "working, stopping",
  },
  "stopping: leave": {
    "reports a silence": "working, stopping, writing, 0 after it | warn: No sign of life | write progress",
    "reports a session": "working, stopping | ready | write session",
    "reports a line": "working, stopping | info: hello",
    "reports activity": "working, stopping, writing, 0 after it | write progress",
    "reports a retry": "working, stopping, writing, 0 after it | write progress | publish agent",
    "asks for permission": "working, stopping | publish p2 | warn: Permission asked: May I? | publish agent",
    "agent completed": "saving, stopping | info: Task completed | commit turn 1 completed",
    "agent failed": "saving, stopping | error: Attempt ended: no | commit turn 1 failed",
    "agent stopped":
      "saving, stopping | info: Attempt ended: the server is shutting down | commit turn 1 failed, left",
    "signalled: pause": "working, stopping | publish agent",
    "signalled: resume": "working, stopping | publish agent",
    "lease lost": "working, stopping",
  },
  "stopping: bug": {
    "reports a silence": "working, stopping, writing, 0 after it | warn: No sign of life | write progress",
    "reports a session": "working, stopping | ready | write session",
    "reports a line": "working, stopping | info: hello",
    "reports activity": "working, stopping, writing, 0 after it | write progress",
    "reports a retry": "working, stopping, writing, 0 after it | write progress | publish agent",
    "asks for permission": "working, stopping | publish p2 | warn: Permission asked: May I? | publish agent",
    "agent completed": "saving, stopping | info: Task completed | commit turn 1 completed",
    "agent failed": "saving, stopping | error: Attempt ended: Internal error | commit turn 1 failed",
    "agent stopped": "saving, stopping | error: Attempt ended: Internal error | commit turn 1 failed",
    "signalled: pause": "working, stopping | publish agent",
    "signalled: resume": "working, stopping | publish agent",
    "lease lost": "working, stopping",
  },
  "stopping: lease lost": {
    "reports a silence": "working, stopping, writing, 0 after it",
    "reports a session": "working, stopping | ready",
    "reports activity": "working, stopping, writing, 0 after it",
    "reports a retry": "working, stopping, writing, 0 after it",
    "asks for permission": "working, stopping",
    "agent completed": "settled, stopping | ready | release",
    "agent failed": "settled, stopping | ready | release",
    "agent stopped": "settled, stopping | ready | release",
  },
  closing: {
    "reports a line": "closing, running | info: hello",
    cancel: "closing, running | stop saving",
    leave: "closing, running | stop saving",
    broke: "closing, running | stop saving",
    "lease lost": "settled, stopping | stop saving | ready | release",
    "work saved":
      "saving, running | info: The changes are on branch x | info: Task completed | commit turn 1 completed",
    "work not saved":
      "saving, running | warn: The work could not be saved: the disk is full | info: Task completed | commit turn 1 completed",
  },
  saving: {
    "reports a line": "saving, running | info: hello",
    "lease lost": "saving, running",
    broke: "saving, running, unsaved | set save_again 1000",
    committed: "settled, stopping | publish agent | ready | release",
    "commit failed": "saving, running, unsaved | set save_again 1000",
    "commit failed, store closed": "settled, stopping, unsaved | publish agent | ready | release",
  },
  "saving again": {
    "reports a line": "saving, running, unsaved | info: hello",
    "lease lost": "settled, stopping, unsaved | clear save_again | ready | release",
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
