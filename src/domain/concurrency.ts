/**
 * Which queued task may run beside those that run already. A task never waits for what its ancestors hold: they may be
 * waiting for it.
 */
/** What a task holds while it runs. */
export interface Bound {
  /** The same for all tasks that share it. */
  key: string;
  /** How many may hold it at once. */
  limit: number;
}

/** The tasks that run, and what they have delegated. */
export interface RunningTasks {
  isRunning(id: string): boolean;
  holdersOf(key: string): Iterable<string>;
  boundsOf(id: string): readonly Bound[];
  ancestorsOf(id: string): ReadonlySet<string>;
  /** The tasks that it has delegated and that are queued or run. */
  childrenOf(id: string): Iterable<string>;
}

/** The first of the bounds that keeps the task from starting now; undefined if none does. */
export function obstacleTo(
  id: string,
  bounds: readonly Bound[],
  running: RunningTasks,
): Bound | undefined {
  return bounds.find((bound) =>
    whoHolds(bound, id, running).length >= bound.limit && !waitsInVain(id, bound, running)
  );
}

/** Those that hold what the task would share with them, without the task itself and its ancestors. */
export function whoHolds({ key }: Bound, id: string, running: RunningTasks): string[] {
  const ancestors = running.ancestorsOf(id);
  const others: string[] = [];
  for (const holder of running.holdersOf(key)) {
    if (holder !== id && !ancestors.has(holder)) others.push(holder);
  }
  return others;
}

/**
 * Whether the task would wait forever, if each running task waits for all that it has delegated. For example, two tasks
 * have each delegated one into the other's folder. Then neither of the four would ever go on.
 */
function waitsInVain(id: string, bound: Bound, running: RunningTasks): boolean {
  if (![...running.ancestorsOf(id)].some((ancestor) => running.isRunning(ancestor))) return false;
  const ended = thoseThatEndWithout(id, bound, running);
  return whoHolds(bound, id, running).filter((holder) => !ended.has(holder)).length >= bound.limit;
}

/** The tasks that would come to their end if this one never started: those that hold its bound, and their children. */
function thoseThatEndWithout(id: string, bound: Bound, running: RunningTasks): ReadonlySet<string> {
  const open = new Set<string>();
  const todo = [...running.holdersOf(bound.key)];
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    if (open.has(next) || next === id) continue;
    open.add(next);
    todo.push(...running.childrenOf(next));
    if (running.isRunning(next)) continue;
    for (const { key } of running.boundsOf(next)) todo.push(...running.holdersOf(key));
  }
  const ended = new Set<string>();
  const mayEnd = (task: string) => {
    for (const child of running.childrenOf(task)) if (!ended.has(child)) return false;
    return running.isRunning(task) ||
      running.boundsOf(task).every((bound) =>
        whoHolds(bound, task, running).filter((holder) => !ended.has(holder)).length < bound.limit
      );
  };
  for (let before = -1; before < ended.size;) {
    before = ended.size;
    for (const task of open) {
      if (!mayEnd(task)) continue;
      ended.add(task);
      open.delete(task);
    }
  }
  return ended;
}
