/**
 * list_tasks as a specification: what each filter lets through, how each field orders, and that pages never overlap.
 * What is expected is worked out by hand from the whole list, in the plainest way.
 */
import assert from "node:assert/strict";
import { withApp } from "../fixtures/app.ts";
import { SCRIPTED } from "../fixtures/scripted_agents.ts";
import type { TestSocket } from "../fixtures/socket.ts";

type Fields = Record<string, unknown>;

const config = {
  limits: { enabled: false },
  agents: { sh: SCRIPTED },
  tasks: { default_agent: "sh", max_concurrent: 2 },
};

const STATUSES = ["pending", "running", "completed", "failed", "cancelled", "paused", "queued"];
const TYPES = ["testing", "documentation", "analysis", "bugfix"];
const PRIORITIES = ["low", "medium", "high", "critical"];
const SORT_FIELDS = [
  "id",
  "type",
  "priority",
  "description",
  "status",
  "progress",
  "files_pattern",
  "timeout",
  "created_at",
  "started_at",
  "completed_at",
  "error",
  "scheduled_time",
  "retry_count",
];

async function start(
  socket: TestSocket,
  id: string,
  more: Fields = {},
  prompt = "print done",
): Promise<void> {
  const reply = await socket.request({
    type: "start_task",
    task: { id, type: "testing", priority: "medium", description: id, execution: { prompt }, ...more },
  });
  assert.equal(reply.type, "task_started", JSON.stringify(reply));
}

/** Tasks in every status, with equal keys among them. */
async function populate(socket: TestSocket): Promise<void> {
  await socket.request({ type: "subscribe_to_updates", channels: ["task_status", "task_progress"] });
  const until = (id: string, status: string) =>
    socket.next((m) => m.type === "task_status_update" && m.task_id === id && m.new_status === status);
  const progress = "progress 1/4; ";
  for (let i = 0; i < 8; i++) {
    const id = `done_${7 - i}`;
    await start(socket, id, { type: TYPES[i % 4], priority: PRIORITIES[i % 4], timeout: 60_000 + (i % 2) });
    await until(id, "completed");
  }
  for (const id of ["broken_b", "broken_a"]) {
    await start(socket, id, { description: "Fix the ÄRGER in Parser" }, `${progress}exit 3`);
    await until(id, "failed");
  }
  await start(
    socket,
    "hold_2",
    { priority: "critical", files_pattern: "src/**/*.ts" },
    `${progress}hang`,
  );
  await start(socket, "hold_1", { priority: "critical", files_pattern: "src/**" }, "hang");
  await until("hold_1", "running");
  await socket.next((m) =>
    m.type === "task_progress_update" && m.task_id === "hold_2" && m.new_progress === 25
  );
  for (let i = 0; i < 9; i++) {
    await start(socket, `wait_${8 - i}`, {
      type: TYPES[i % 3],
      priority: PRIORITIES[(i * 3) % 4],
      description: i % 2 ? "Write the parser's manual" : "fix the roof",
      ...(i % 3 === 0 ? { files_pattern: "src/**" } : {}),
    });
  }
  await start(socket, "child_b", { dependencies: ["hold_1"] });
  await start(socket, "child_a", { dependencies: ["hold_1", "done_0"] });
  await start(socket, "empty_list", { dependencies: [] });
  const later = Date.now() + 3_600_000;
  await start(socket, "later_2", { scheduled_time: new Date(later).toISOString() });
  // The same moment as seen elsewhere: a tie, whatever it looks like.
  await start(socket, "later_1", {
    scheduled_time: new Date(later + 7_200_000).toISOString().replace("Z", "+02:00"),
  });
  for (const id of ["wait_0", "wait_1"]) await socket.request({ type: "cancel_task", task_id: id });
  for (const id of ["wait_2", "wait_3"]) await socket.request({ type: "pause_task", task_id: id });
  await socket.request({ type: "retry_task", task_id: "broken_a" });
}

/** Not counting what changes while one looks. */
const shapeOf = ({ runtime_status: _runtime_status, ...task }: Fields) => task;

Deno.test("list_tasks", async (t) => {
  await withApp({ config }, async (server) => {
    const socket = await server.connect();
    await populate(socket);
    const list = async (message: Fields) => {
      const reply = await socket.request({ type: "list_tasks", ...message });
      assert.equal(reply.type, "task_list", JSON.stringify(reply));
      return reply as unknown as {
        tasks: Fields[];
        total_count: number;
        filtered_count: number;
        pagination: Fields;
      };
    };
    const everything = (await list({ limit: 1000 })).tasks;
    const expectOnly = async (filter: Fields, wanted: (task: Fields) => boolean, atLeast = 1) => {
      const { tasks, total_count, filtered_count } = await list({ filter, limit: 1000 });
      const expected = everything.filter(wanted).map((task) => task.id);
      assert.ok(expected.length >= atLeast, `the test's tasks do not reach ${JSON.stringify(filter)}`);
      assert.deepEqual(tasks.map((task) => task.id).sort(), expected.sort(), JSON.stringify(filter));
      assert.deepEqual([total_count, filtered_count], [everything.length, expected.length]);
    };
    const refused = async (message: Fields, code: string, field: string) => {
      const reply = await socket.request({ type: "list_tasks", ...message });
      assert.deepEqual([reply.code, (reply.details as Fields).field], [code, field], JSON.stringify(message));
    };

    await t.step("without parameters: all tasks, the oldest first, at most 50", async () => {
      const { tasks, total_count, filtered_count, pagination } = await list({});
      assert.deepEqual(new Set(tasks.map((task) => task.status)), new Set(STATUSES));
      assert.deepEqual(tasks.map((task) => task.created_at), tasks.map((task) => task.created_at).sort());
      assert.deepEqual([total_count, filtered_count], [tasks.length, tasks.length]);
      assert.deepEqual(pagination, { limit: 50, offset: 0, has_more: false });
    });

    await t.step("a task is shown as get_task_status shows it", async () => {
      for (const task of everything) {
        const reply = await socket.request({ type: "get_task_status", task_id: task.id });
        assert.deepEqual(shapeOf(task), shapeOf(reply.task as Fields));
      }
    });

    await t.step("each waiting task says what it waits for", () => {
      const kinds: Record<string, string> = {
        wait_8: "slot",
        wait_2: "paused",
        child_a: "dependency",
        later_1: "time",
      };
      for (const [id, kind] of Object.entries(kinds)) {
        const waiting_for = everything.find((task) => task.id === id)?.waiting_for as Fields | undefined;
        assert.equal(waiting_for?.kind, kind, id);
      }
      const still = everything.filter(({ waiting_for }) => waiting_for === undefined).map((task) =>
        task.status
      );
      assert.deepEqual(new Set(still), new Set(["running", "completed", "failed", "cancelled"]));
    });

    for (
      const [field, values] of [["status", STATUSES], ["type", TYPES], ["priority", PRIORITIES]] as const
    ) {
      await t.step(`${field}: one value, or a list of alternatives`, async () => {
        for (const value of values) await expectOnly({ [field]: value }, (task) => task[field] === value);
        for (let i = 0; i < values.length; i++) {
          const some = [values[i]!, values[(i + 1) % values.length]!];
          await expectOnly({ [field]: some }, (task) => some.includes(task[field] as string));
        }
        await expectOnly({ [field]: [values[0], values[0]] }, (task) => task[field] === values[0]);
        await expectOnly({ [field]: [...values] }, () => true);
      });
    }

    await t.step("type: a type that no task has matches nothing", async () => {
      await expectOnly({ type: "research" }, (task) => task.type === "research", 0);
    });

    await t.step(
      "created_after and created_before leave the bound itself out, whatever its form",
      async () => {
        const times = everything.map((task) => task.created_at as string).sort();
        for (const bound of [times[0]!, times[5]!, times.at(-1)!]) {
          const ms = Date.parse(bound);
          const elsewhere = new Date(ms - 5.5 * 3_600_000).toISOString().replace("Z", "-05:30");
          for (const form of [bound, elsewhere, bound.replace("T", "t").replace("Z", "z")]) {
            await expectOnly(
              { created_after: form },
              (task) => Date.parse(task.created_at as string) > ms,
              0,
            );
            await expectOnly(
              { created_before: form },
              (task) => Date.parse(task.created_at as string) < ms,
              0,
            );
          }
        }
        const [from, to] = [times[2]!, times[9]!];
        await expectOnly(
          { created_after: from, created_before: to },
          (task) => (task.created_at as string) > from && (task.created_at as string) < to,
        );
      },
    );

    await t.step("has_dependencies: an empty list counts as no dependencies", async () => {
      await expectOnly(
        { has_dependencies: true },
        (task) => ["child_a", "child_b"].includes(task.id as string),
        2,
      );
      await expectOnly(
        { has_dependencies: false },
        (task) => !["child_a", "child_b"].includes(task.id as string),
      );
    });

    await t.step("progress_range includes both bounds, and either may be left out", async () => {
      const within = (min: number, max: number) => (task: Fields) =>
        (task.progress as number) >= min && (task.progress as number) <= max;
      await expectOnly({ progress_range: { min: 25 } }, within(25, 100), 9);
      await expectOnly({ progress_range: { max: 24 } }, within(0, 24));
      await expectOnly({ progress_range: { min: 25, max: 25 } }, within(25, 25));
      await expectOnly({ progress_range: { min: 100, max: 100 } }, within(100, 100), 8);
      await expectOnly({ progress_range: {} }, () => true);
      await expectOnly({ progress_range: { min: 24.5, max: 25.5 } }, within(24.5, 25.5));
    });

    await t.step("description_contains: anywhere, ignoring case", async () => {
      for (const text of ["parser", "PARSER", "Fix the", "ärger", "ÄRGER", "'s m"]) {
        await expectOnly(
          { description_contains: text },
          (task) => (task.description as string).toLowerCase().includes(text.toLowerCase()),
        );
      }
      await expectOnly({ description_contains: "pars.r" }, () => false, 0);
    });

    await t.step("failure selects tasks that failed for such a reason", async () => {
      await expectOnly({ failure: "command_failed" }, (task) => task.status === "failed");
      await expectOnly({ failure: ["command_failed", "bug"] }, (task) => task.failure !== undefined);
      await expectOnly({ failure: "timeout" }, () => false, 0);
    });

    await t.step("files_pattern is compared, not matched", async () => {
      await expectOnly({ files_pattern: "src/**" }, (task) => task.files_pattern === "src/**", 4);
      await expectOnly({ files_pattern: "src/a.ts" }, () => false, 0);
      await expectOnly({ files_pattern: "src/**/*.ts" }, (task) => task.id === "hold_2");
    });

    await t.step("several filters: a task must pass each", async () => {
      await expectOnly(
        {
          status: ["queued", "paused"],
          type: ["testing", "documentation"],
          description_contains: "FIX",
          has_dependencies: false,
          progress_range: { max: 0 },
        },
        ({ status, type, description }) =>
          ["queued", "paused"].includes(status as string) &&
          ["testing", "documentation"].includes(type as string) && /fix/i.test(description as string),
        4,
      );
      await expectOnly({ status: "completed", has_dependencies: true }, () => false, 0);
    });

    await t.step("each field in either order, equal ones by id ascending, absent ones last", async () => {
      const rank = (field: string, value: unknown) =>
        field === "priority"
          ? PRIORITIES.indexOf(value as string)
          : field === "status"
          ? STATUSES.indexOf(value as string)
          : field === "scheduled_time"
          ? Date.parse(value as string)
          : value as string | number;
      for (const field of SORT_FIELDS) {
        for (const order of ["asc", "desc"]) {
          const expected = [...everything].sort((a, b) => {
            const byId = (a.id as string) < (b.id as string) ? -1 : 1;
            if (a[field] === undefined || b[field] === undefined) {
              return a[field] === b[field] ? byId : a[field] === undefined ? 1 : -1;
            }
            const [x, y] = [rank(field, a[field]), rank(field, b[field])];
            return x === y ? byId : (x < y ? -1 : 1) * (order === "asc" ? 1 : -1);
          });
          const { tasks } = await list({ sort: { field, order }, limit: 1000 });
          assert.deepEqual(
            tasks.map((task) => task.id),
            expected.map((task) => task.id),
            `${field} ${order}`,
          );
        }
        const ascending = await list({ sort: { field }, limit: 1000 });
        const told = await list({ sort: { field, order: "asc" }, limit: 1000 });
        assert.deepEqual(ascending.tasks.map((task) => task.id), told.tasks.map((task) => task.id));
      }
    });

    await t.step("pages: together they have each task once, in order, with exact counts", async () => {
      for (const sort of [{ field: "priority", order: "desc" }, { field: "status" }, { field: "error" }]) {
        const filter = { status: ["completed", "queued", "pending", "failed"] };
        const whole = (await list({ filter, sort, limit: 1000 })).tasks.map((task) => task.id);
        for (const limit of [1, 3, whole.length, whole.length + 1]) {
          const seen: unknown[] = [];
          for (let offset: number | undefined = 0; offset !== undefined;) {
            const page = await list({ filter, sort, limit, offset });
            assert.deepEqual([page.total_count, page.filtered_count], [everything.length, whole.length]);
            seen.push(...page.tasks.map((task) => task.id));
            const has_more = seen.length < whole.length;
            assert.deepEqual(page.pagination, {
              limit,
              offset,
              has_more,
              ...(has_more ? { next_offset: offset + limit } : {}),
            });
            offset = page.pagination.next_offset as number | undefined;
          }
          assert.deepEqual(seen, whole);
        }
      }
      const beyond = await list({ offset: 10_000 });
      assert.deepEqual([beyond.tasks, beyond.filtered_count], [[], everything.length]);
      assert.deepEqual(beyond.pagination, { limit: 50, offset: 10_000, has_more: false });
    });

    await t.step("invalid values are refused with the field's path", async () => {
      const filter = (field: string, value: unknown) =>
        refused({ filter: { [field]: value } }, "FILTER_VALIDATION_ERROR", `filter.${field}`);
      await filter("status", "gone");
      await filter("type", 5);
      await filter("type", []);
      await filter("priority", null);
      await filter("created_after", "2024-02-30T00:00:00Z");
      await filter("created_before", "2024-01-15");
      await filter("has_dependencies", "yes");
      await filter("description_contains", 5);
      await filter("files_pattern", "[");
      await filter("colour", "red");
      await refused(
        { filter: { priority: ["low", "urgent"] } },
        "FILTER_VALIDATION_ERROR",
        "filter.priority[1]",
      );
      await refused(
        { filter: { progress_range: { min: -1 } } },
        "FILTER_VALIDATION_ERROR",
        "filter.progress_range.min",
      );
      await refused(
        { filter: { progress_range: { max: "x" } } },
        "FILTER_VALIDATION_ERROR",
        "filter.progress_range.max",
      );
      await refused(
        { filter: { progress_range: { min: 60, max: 40 } } },
        "FILTER_VALIDATION_ERROR",
        "filter.progress_range",
      );
      await refused({ filter: [] }, "FILTER_VALIDATION_ERROR", "filter");
      await refused({ filter: null }, "FILTER_VALIDATION_ERROR", "filter");
      await refused({ sort: { field: "dependencies" } }, "INVALID_FIELD_VALUE", "sort.field");
      await refused({ sort: { field: "constructor" } }, "INVALID_FIELD_VALUE", "sort.field");
      await refused({ sort: { field: "id", order: "up" } }, "INVALID_FIELD_VALUE", "sort.order");
      await refused({ sort: {} }, "MISSING_REQUIRED_FIELD", "sort.field");
      await refused({ limit: 0 }, "INVALID_FIELD_VALUE", "limit");
      await refused({ limit: 1001 }, "INVALID_FIELD_VALUE", "limit");
      await refused({ limit: 1.5 }, "INVALID_FIELD_VALUE", "limit");
      await refused({ limit: "5" }, "INVALID_FIELD_TYPE", "limit");
      await refused({ offset: -1 }, "INVALID_FIELD_VALUE", "offset");
      await refused({ offset: null }, "INVALID_FIELD_TYPE", "offset");
    });
    await socket.close();
  });
});
