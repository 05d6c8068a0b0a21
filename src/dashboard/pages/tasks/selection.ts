/** The selected task: moved by keys, focused so that screen readers announce it, kept in the address. */
import { useEffect, useRef } from "preact/hooks";
import type { Task } from "../../../domain/task.ts";
import { usePlace } from "../../hash_location.ts";
import { useAhead } from "../../ui/ahead.ts";
import type { VirtualListHandle } from "../../ui/virtual_list.tsx";
import type { Group } from "./view.ts";

/** Delays the change of the address: while a key is held down, browsers would refuse that many changes. */
const REMEMBER_AFTER_MS = 300;
/** The first key selects in the first of these columns that has tasks. */
const FIRST = ["needs", "running", "waiting", "review", "done"];

/** What a card needs to take part in the selection. */
export interface Cursor {
  /** The task that takes the focus as soon as it is rendered. */
  wish: { current: string | undefined };
  /** Called with the task whose link got the focus. */
  focused: (id: string) => void;
  /** Call this before another page opens, so that going back leads to this task. */
  remember: (id: string) => void;
}

export interface Selection {
  id: string | undefined;
  cursor: Cursor;
  /** The handle that scrolls this column's list. */
  handleOf: (column: string) => { current: VirtualListHandle | null };
  /** Selects the next or previous task in the same column. */
  move: (step: 1 | -1) => void;
  /** Selects a task in the next column with tasks in that direction. */
  cross: (step: 1 | -1) => void;
}

/** `show` is called with the column to show, where only one is visible. */
export function useSelection(groups: readonly Group[], show: (column: string) => void): Selection {
  const [place, setPlace] = usePlace();
  const inAddress = place.get("task") ?? undefined;
  const ahead = useAhead(inAddress, (task = "") => setPlace({ task }), REMEMBER_AFTER_MS);
  const id = ahead.value;
  const wish = useRef<string>();
  const latest = useRef({ id, groups, ahead, show });
  latest.current = { id, groups, ahead, show };
  const handles = useRef(new Map<string, { current: VirtualListHandle | null }>());
  const reveal = useRef<{ column: string; id: string }>();

  const handleOf = (column: string) => {
    const handle = handles.current.get(column) ?? { current: null };
    handles.current.set(column, handle);
    return handle;
  };

  useEffect(() => {
    if (reveal.current === undefined) return;
    const { column, id } = reveal.current;
    const index = groups.find((group) => group.column.key === column)?.tasks.findIndex((task) =>
      task.id === id
    );
    if (index === undefined || index < 0) return;
    handleOf(column).current?.toRow(index);
    reveal.current = undefined;
  });
  // After going back or following a link, select the task in the address.
  const isFound = id !== undefined && groups.some(({ tasks }) => tasks.some((task) => task.id === id));
  useEffect(() => {
    if (inAddress === undefined || !isFound) return;
    const column = columnWith(latest.current.groups, inAddress)!.column.key;
    latest.current.show(column);
    reveal.current = { column, id: inAddress };
  }, [isFound]);

  const remember = (id: string) => latest.current.ahead.settle(id);
  const select = (id: string) => latest.current.ahead.change(id);
  const goTo = (group: Group, task: Task) => {
    wish.current = task.id;
    reveal.current = { column: group.column.key, id: task.id };
    latest.current.show(group.column.key);
    select(task.id);
  };
  const begin = () => {
    const { groups } = latest.current;
    const filled = groups.filter(({ tasks }) => tasks.length > 0);
    const [first] = filled.sort((a, b) => FIRST.indexOf(a.column.key) - FIRST.indexOf(b.column.key));
    if (first) goTo(first, first.tasks[0]!);
  };

  const methods = useRef<Omit<Selection, "id">>();
  methods.current ??= {
    cursor: {
      wish,
      focused: (id) => void (id !== latest.current.id && select(id)),
      remember,
    },
    handleOf,
    move(step) {
      const { id, groups } = latest.current;
      const group = columnWith(groups, id);
      if (!group) return begin();
      const next = group.tasks[group.tasks.findIndex((task) => task.id === id) + step];
      if (next) goTo(group, next);
    },
    cross(step) {
      const { id, groups } = latest.current;
      const from = groups.findIndex((group) => group === columnWith(groups, id));
      if (from < 0) return begin();
      for (let to = from + step; to >= 0 && to < groups.length; to += step) {
        const [first] = groups[to]!.tasks;
        if (first) return goTo(groups[to]!, first);
      }
    },
  };
  return { id, ...methods.current };
}

function columnWith(groups: readonly Group[], id: string | undefined): Group | undefined {
  return id === undefined ? undefined : groups.find(({ tasks }) => tasks.some((task) => task.id === id));
}
