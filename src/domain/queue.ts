/**
 * The order in which queued tasks start: priority, then age. Tasks that are held up are passed over, and keep their
 * place.
 */
import { Heap, type Placed } from "./heap.ts";
import { executionOf, type TaskRecord } from "./task_record.ts";
import { PRIORITIES } from "./task_values.ts";

const BOOST_PER_RANK = 100;

/** More than tasks are ever created. */
const ORDERS = 2 ** 42;

/**
 * The lowest goes first. `priority_boost` moves a task within its priority and, at ±100, to the neighboring one. Among
 * equals, the oldest goes first.
 */
function placeOf(task: TaskRecord): number {
  const rank = PRIORITIES.indexOf(task.spec.priority) * BOOST_PER_RANK +
    (executionOf(task).priority_boost ?? 0);
  return task.spec.order - rank * ORDERS;
}

/**
 * Whether a task may start. `drop`: it is no longer queued. `later`: that is not known yet, and none may start before it
 * is. `held_by`: the name of what holds it up, until `wake` is called with that name.
 */
export type Verdict = "start" | "drop" | "later" | { held_by: string };

/** Tasks of one lane get the same verdict. Those of one group find room in the same things. */
export interface LaneName {
  name: string;
  group: string;
}

/** Fewer tasks that have left the queue are not worth clearing out. */
const GONE_MIN = 16;

const ONE_LANE: LaneName = { name: "", group: "" };

/** Only the first task of a lane is judged. */
interface Lane extends LaneName {
  tasks: Heap<TaskRecord>;
  /** Where the lane is listed: among those to be judged, or with those that wait for the same thing. */
  list: Heap<Lane> | undefined;
  /** The place under which it is listed: that of its first task. */
  place: number;
  /** What it waited for until it was woken. */
  woken_by: string | undefined;
}

/**
 * Queued tasks in lanes. The lanes that may start are in a heap; those that are held up are in heaps, by what they wait
 * for and by their group. When that thing has room, only the first of each group is woken, then the next when that one
 * has found room. So a start costs the same however many tasks are held up. A task that has left the queue is dropped when it
 * is judged, or with all others like it when they outnumber the rest. Each task is in the queue at most once: one that is
 * added again under another spec, and so perhaps in another place, leaves its old place.
 */
export class ReadyQueue {
  readonly #laneOf: (task: TaskRecord) => LaneName;
  readonly #lanes = new Map<string, Lane>();
  #ready = new Heap<Lane>();
  readonly #held = new Map<string, Map<string, Heap<Lane>>>();
  /** Those in the lanes. */
  readonly #tasks = new Map<string, TaskRecord>();
  /** Those of them that have left the queue. */
  readonly #gone = new Set<string>();
  /** How many places in the lanes are of tasks that have another one now. */
  #left = 0;

  /** If `laneOf` changes for a task, `regroup` must be called. */
  constructor(laneOf: (task: TaskRecord) => LaneName = () => ONE_LANE) {
    this.#laneOf = laneOf;
  }

  get size(): number {
    return this.#tasks.size - this.#gone.size;
  }

  add(task: TaskRecord): void {
    const before = this.#tasks.get(task.id);
    this.#gone.delete(task.id);
    // Only the spec decides about the place and the lane.
    if (before?.spec === task.spec) return;
    if (before) this.#left++;
    this.#tasks.set(task.id, task);
    const lane = this.#lane(task);
    const place = placeOf(task);
    lane.tasks.push(task, place);
    if (place < lane.place) this.#list(lane, lane.list ?? this.#ready);
    this.#clearOutIfMany();
  }

  /** Adds many at once, which takes less time. */
  addAll(tasks: Iterable<TaskRecord>): void {
    const added = new Map<Lane, Placed<TaskRecord>[]>();
    for (const task of tasks) {
      if (this.#tasks.has(task.id)) continue;
      this.#tasks.set(task.id, task);
      const lane = this.#lane(task);
      const entry = { item: task, place: placeOf(task) };
      const entries = added.get(lane);
      if (entries) entries.push(entry);
      else added.set(lane, [entry]);
    }
    for (const [lane, entries] of added) {
      lane.tasks.pushAll(entries);
      if (lane.tasks.first!.place < lane.place) this.#list(lane, lane.list ?? this.#ready);
    }
  }

  /** To be called when a task is no longer queued, for example because it was cancelled. */
  remove(id: string): void {
    if (!this.#tasks.has(id)) return;
    this.#gone.add(id);
    this.#clearOutIfMany();
  }

  #clearOutIfMany(): void {
    const gone = this.#gone.size + this.#left;
    if (gone > GONE_MIN && gone > this.size) this.#clearOut();
  }

  /** Removes and returns the first task that may start. Drops those before it that are no longer queued. */
  take(judge: (task: TaskRecord) => Verdict): TaskRecord | undefined {
    for (let lane = popped(this.#ready); lane; lane = popped(this.#ready)) {
      const task = lane.tasks.first!.item;
      const isLeft = this.#tasks.get(task.id) !== task;
      const verdict = isLeft ? "drop" : judge(task);
      if (verdict === "later") {
        this.#list(lane, this.#ready);
        return undefined;
      }
      if (typeof verdict === "object") {
        this.#hold(lane, verdict.held_by);
        continue;
      }
      lane.tasks.pop();
      if (isLeft) this.#left--;
      else {
        this.#tasks.delete(task.id);
        this.#gone.delete(task.id);
      }
      if (lane.tasks.size === 0) this.#lanes.delete(lane.name);
      else this.#list(lane, this.#ready);
      if (verdict === "start") {
        this.#wakeNext(lane);
        return task;
      }
      // The lane was woken in the place of a task that has left. Another one may come before its next task.
      this.#wakeNext(lane);
    }
    return undefined;
  }

  /** To be called when what holds tasks up has room again: the first ones are judged at the next `take`. */
  wake(held_by: string): void {
    for (const group of [...this.#held.get(held_by)?.keys() ?? []]) this.#wakeFirst(held_by, group);
  }

  /** To be called when tasks have come to belong to other lanes. All lanes are judged again. */
  regroup(): void {
    this.#clearOut();
  }

  /** Forgets those that have left the queue. All lanes are judged again. */
  #clearOut(): void {
    const left = [...this.#tasks.values()].filter(({ id }) => !this.#gone.has(id));
    this.#lanes.clear();
    this.#held.clear();
    this.#ready = new Heap();
    this.#tasks.clear();
    this.#gone.clear();
    this.#left = 0;
    this.addAll(left);
  }

  #wakeFirst(held_by: string, group: string): void {
    const groups = this.#held.get(held_by);
    const held = groups?.get(group);
    if (!groups || !held) return;
    const lane = popped(held);
    if (held.size === 0) groups.delete(group);
    if (groups.size === 0) this.#held.delete(held_by);
    if (!lane) return;
    lane.woken_by = held_by;
    this.#list(lane, this.#ready);
  }

  /** There may be room for more than the one that was woken. */
  #wakeNext(lane: Lane): void {
    const { woken_by, group } = lane;
    lane.woken_by = undefined;
    if (woken_by !== undefined) this.#wakeFirst(woken_by, group);
  }

  #hold(lane: Lane, held_by: string): void {
    let groups = this.#held.get(held_by);
    if (!groups) this.#held.set(held_by, groups = new Map());
    let held = groups.get(lane.group);
    if (!held) groups.set(lane.group, held = new Heap());
    this.#list(lane, held);
    // What woke it has no room: then it has none for the next one of its group either.
    if (lane.woken_by === held_by) lane.woken_by = undefined;
    else this.#wakeNext(lane);
  }

  #lane(task: TaskRecord): Lane {
    const { name, group } = this.#laneOf(task);
    let lane = this.#lanes.get(name);
    if (!lane) {
      lane = { name, group, tasks: new Heap(), list: undefined, place: Infinity, woken_by: undefined };
      this.#lanes.set(name, lane);
    }
    return lane;
  }

  /** Its entries elsewhere, and those under another place, no longer count. */
  #list(lane: Lane, list: Heap<Lane>): void {
    lane.list = list;
    lane.place = lane.tasks.first!.place;
    list.push(lane, lane.place);
  }
}

/** Removes the first lane that is listed here. */
function popped(list: Heap<Lane>): Lane | undefined {
  for (let entry = list.pop(); entry; entry = list.pop()) {
    const { item: lane, place } = entry;
    if (lane.list !== list || lane.place !== place) continue;
    lane.list = undefined;
    lane.place = Infinity;
    return lane;
  }
  return undefined;
}
