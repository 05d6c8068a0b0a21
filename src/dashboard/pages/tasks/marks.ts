/** The tasks that are marked, so that one action is for all of them. */
import { useRef, useState } from "preact/hooks";
import type { Group } from "./view.ts";

/** The same functions at every drawing, for cards that are drawn again only when they change. */
export interface Marking {
  /** Marks the task, or takes its mark away. */
  toggle: (id: string) => void;
  /** Marks all tasks from the one that was marked last to this one, in the same column, or takes their marks away. */
  reach: (id: string, isMarked?: boolean) => void;
  set: (ids: Iterable<string>) => void;
}

export interface Marks {
  ids: ReadonlySet<string>;
  marking: Marking;
}

/** `groups`: the tasks in the order in which they are shown. */
export function useMarks(groups: readonly Group[]): Marks {
  const [ids, setIds] = useState<ReadonlySet<string>>(new Set());
  const latest = useRef({ ids, groups });
  latest.current = { ids, groups };
  const last = useRef<string>();
  const marking = useRef<Marking>();
  marking.current ??= {
    toggle(id) {
      last.current = id;
      const next = new Set(latest.current.ids);
      if (!next.delete(id)) next.add(id);
      setIds(next);
    },
    reach(id, isMarked = true) {
      const { ids, groups } = latest.current;
      const between = new Set(tasksBetween(groups, last.current, id));
      last.current = id;
      setIds(isMarked ? ids.union(between) : ids.difference(between));
    },
    set: (ids) => setIds(new Set(ids)),
  };
  return { ids, marking: marking.current };
}

/** Both ends count. Only the second one if they do not stand in the same column. */
function tasksBetween(groups: readonly Group[], from: string | undefined, to: string): string[] {
  const ids = groups.map(({ tasks }) => tasks.map(({ id }) => id)).find((ids) => ids.includes(to)) ?? [];
  const ends = [ids.indexOf(from ?? to), ids.indexOf(to)].sort((a, b) => a - b) as [number, number];
  return ends[0] < 0 ? [to] : ids.slice(ends[0], ends[1] + 1);
}
