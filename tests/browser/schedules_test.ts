/** The schedules: what runs when, on a calendar and in words, and how one is taken back. */
import assert from "node:assert/strict";
import { Temporal } from "temporal-polyfill";
import type { Locator, Page } from "playwright-core";
import type { TestServer } from "../fixtures/server.ts";
import {
  becomes,
  eventually,
  isAccessible,
  isNoWider,
  visit,
  type VisitOptions,
} from "./fixtures/browser.ts";

const BERLIN = "Europe/Berlin";
const OPTIONS: VisitOptions = {
  config: {
    agents: { sh: { protocol: "command", command: ["sh", "-c", "{prompt}"] } },
    tasks: { default_agent: "sh" },
    limits: { enabled: false },
  },
  context: { timezoneId: BERLIN },
};

async function schedule(
  server: TestServer,
  id: string,
  scheduled_time: string,
  recurring?: Record<string, unknown>,
  fields: Record<string, unknown> = {},
): Promise<void> {
  const task = { id, type: "maintenance", priority: "medium", description: `true # ${id}`, ...fields };
  const { reply } = await server.post({
    type: "schedule_task",
    task: { ...task, scheduled_time, ...(recurring ? { recurring } : {}) },
  });
  assert.equal(reply.type, "task_scheduled", JSON.stringify(reply));
}

/** The next day on which the clocks of Berlin change, a Sunday. */
function clockChange(): Temporal.PlainDate {
  const now = Temporal.Now.zonedDateTimeISO(BERLIN).add({ days: 4 });
  return now.getTimeZoneTransition("next")!.toPlainDate();
}

/** The next 31st that is followed by a shorter month. */
function monthEnd(): Temporal.PlainDate {
  let day = Temporal.Now.plainDateISO().add({ days: 2 });
  while (day.day !== 31 || day.add({ months: 1 }).day === 31) day = day.add({ days: 1 });
  return day;
}

const cell = (page: Page, day: string): Locator =>
  page.getByRole("gridcell").filter({ has: page.locator(`[data-day="${day}"]`) });

/** Waits until all of these runs, such as `09:00 morning`, lie on this day. */
async function runsOn(page: Page, day: string, ...expected: string[]): Promise<void> {
  await eventually(async () => {
    const runs = await cell(page, day).locator(".calendar-run").allInnerTexts();
    for (const run of expected) assert.ok(runs.includes(run), `${day}: ${runs}, not ${run}`);
  });
}

/**
 * Moves the next runs of all schedules to a time that is nearer than the API allows: a store may hold one. It is
 * further off on a machine on which all of this takes longer, so that the page is there before.
 */
async function moveRunsNear(server: TestServer): Promise<void> {
  const run = async (...args: string[]) => {
    const [program, ...others] = server.commandOf(...args, "--data", server.data);
    const { success, stderr } = await new Deno.Command(program!, { args: others, stdin: "null" }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
  };
  const file = `${server.dir}/schedules.jsonl`;
  const begun = performance.now();
  await run("export", file);
  await server.stop("SIGTERM");
  const next_ms = Date.now() + 5000 + 8 * (performance.now() - begun);
  const lines = (await Deno.readTextFile(file)).trim().split("\n").map((line) => JSON.parse(line));
  for (const { kind, spec, state } of lines) {
    if (kind !== "schedule") continue;
    spec.scheduled_time = new Date(next_ms).toISOString();
    state.next_ms = Date.parse(spec.scheduled_time);
  }
  await Deno.writeTextFile(file, lines.map((line) => JSON.stringify(line)).join("\n"));
  await Deno.remove(server.data, { recursive: true });
  await run("import", file);
  await server.start();
}

Deno.test("schedules: without schedules, the page says how to create one", async () => {
  await visit(OPTIONS, async ({ page, go, picture }) => {
    await go("/schedules");
    await page.getByText("Nothing is scheduled").waitFor();
    await picture("schedules-empty");
    await isAccessible(page);
    await page.locator("main").getByRole("link", { name: "New schedule" }).first().click();
    await page.waitForURL(/#\/new\?schedule=1/);
    await becomes(() => page.getByRole("radio", { name: "Repeatedly" }).isChecked(), true);
  });
});

Deno.test("schedules: runs appear on the right days at a month's end and when clocks change, in any zone", async () => {
  await visit(OPTIONS, async ({ server, page, go }) => {
    const change = clockChange();
    const at = (day: Temporal.PlainDate, time: string) =>
      day.toZonedDateTime({ timeZone: BERLIN, plainTime: time }).toInstant().toString();
    await schedule(server, "morning", at(change.subtract({ days: 2 }), "09:00"), {
      interval: "daily",
      timezone: BERLIN,
    });
    await schedule(server, "midnight", at(change.subtract({ days: 2 }), "00:30"), {
      interval: "daily",
      timezone: BERLIN,
      max_runs: 3,
    });
    const end = monthEnd();
    await schedule(server, "closing", at(end, "18:00"), { interval: "monthly", timezone: BERLIN });

    // At nine in Berlin, whatever the clocks do; half past midnight is still the day before in UTC.
    await go(`/schedules?month=${change.toPlainYearMonth()}`);
    await page.getByRole("grid").waitFor();
    for (const days of [-2, -1, 0]) {
      await runsOn(page, change.add({ days }).toString(), "09:00 morning", "00:30 midnight");
    }
    await page.getByLabel("Days and hours in").selectOption("UTC");
    const utc = (day: Temporal.PlainDate, time: string) => at(day, time).slice(11, 16);
    for (const days of [-2, -1, 0]) {
      const day = change.add({ days });
      await runsOn(page, day.toString(), `${utc(day, "09:00")} morning`);
      await runsOn(page, day.subtract({ days: 1 }).toString(), `${utc(day, "00:30")} midnight`);
    }
    assert.notEqual(utc(change.subtract({ days: 1 }), "09:00"), utc(change, "09:00"));

    // The 31st, then a shorter month's last day, then the 31st again: nothing is forgotten.
    await go(`/schedules?month=${end.toPlainYearMonth()}`);
    for (let months = 0; months < 3; months++) {
      const day = end.add({ months });
      await runsOn(page, day.toString(), "18:00 closing");
      await page.getByRole("button", { name: "Next month" }).click();
    }
    await page.waitForURL(new RegExp(`month=${end.toPlainYearMonth().add({ months: 3 })}`));
    await page.getByRole("button", { name: "Today" }).click();
    await page.waitForURL((url) => !url.href.includes("month="));
  });
});

Deno.test("schedules: the rule in words, the template, the days by keyboard, and unscheduling", async () => {
  await visit(
    { ...OPTIONS, context: { timezoneId: "America/New_York" } },
    async ({ server, page, go, picture }) => {
      const tomorrow = Temporal.Now.zonedDateTimeISO(BERLIN).add({ days: 1 }).toPlainDate();
      const soon = tomorrow.toZonedDateTime({ timeZone: BERLIN, plainTime: "09:00" });
      const rule = { interval: "daily", timezone: BERLIN, max_runs: 10 };
      const execution = { prompt: "true", env: { COLOUR: "green" }, max_attempts: 1 };
      const first = soon.toInstant().toString();
      await schedule(server, "nightly_build", first, rule, {
        description: "Build it anew",
        priority: "high",
        timeout: 5_400_000,
        execution,
      });
      await schedule(server, "weekly_report", soon.add({ days: 2 }).toInstant().toString(), {
        interval: "weekly",
        timezone: "Asia/Tokyo",
      });
      await schedule(server, "once_only", soon.add({ days: 5 }).toInstant().toString());
      await go("/schedules");
      const card = page.getByRole("article", { name: "Schedule nightly_build" });
      await card.getByText(/^Every day at 09:00 Europe\/Berlin/).waitFor();
      await card.getByText("0 of 10 runs done").waitFor();
      // In the schedule's own zone, and here.
      await card.getByText(/, 09:00 GMT/).waitFor();
      await card.getByText(/^here .*, 03:00 E[SD]T$/).waitFor();
      await card.getByRole("button", { name: "Build it anew" }).click();
      await page.waitForURL(/schedule=nightly_build/);
      await card.getByText("1 h 30 min").waitFor();
      await card.getByText("COLOUR").waitFor();
      await becomes(() => card.getByRole("listitem").count(), 5);
      await picture("schedules-busy");
      await isAccessible(page);

      // From one day to the next by keys, over the month's end.
      const month = soon.withTimeZone("America/New_York").toPlainDate().toPlainYearMonth().add({ months: 1 });
      await go(`/schedules?month=${month}`);
      await page.locator(`[data-day="${month}-01"]`).focus();
      await page.keyboard.press("ArrowLeft");
      const before = month.toPlainDate({ day: 1 }).subtract({ days: 1 });
      await page.locator(`[data-day="${before}"]:focus`).waitFor();
      await becomes(() => page.locator("#calendar-month").innerText(), /\d{4}/);
      await page.keyboard.press("PageDown");
      await page.locator(`[data-day^="${month}"]:focus`).waitFor();
      await page.keyboard.press("Home");
      await page.keyboard.press("ArrowDown");
      const day = (await page.locator("[data-day]:focus").getAttribute("data-day"))!;
      await page.keyboard.press("Enter");
      await page.waitForURL((url) => url.hash.includes(`day=${day}`));
      await page.getByText("Schedule something for this day").waitFor();

      // Of a run to come one gets to its schedule.
      const build = soon.withTimeZone("America/New_York").toPlainDate();
      await go(`/schedules?month=${build.toPlainYearMonth()}&day=${build}`);
      await cell(page, String(build)).getByRole("link", { name: /nightly_build/ }).click();
      await page.waitForURL(/schedule=nightly_build/);

      // A copy has everything, its rule too.
      await card.getByRole("link", { name: "Copy" }).click();
      await page.getByText("A copy of nightly_build").waitFor();
      await becomes(
        () => page.getByLabel("First run").inputValue(),
        soon.toPlainDateTime().toString().slice(0, 16),
      );
      await becomes(() => page.getByLabel("Time zone").inputValue(), BERLIN);
      await becomes(() => page.getByLabel("Maximum runs").inputValue(), "10");

      await go("/schedules?schedule=nightly_build");
      await card.getByRole("button", { name: "Unschedule" }).click();
      const dialog = page.getByRole("dialog", { name: "Unschedule nightly_build?" });
      await isAccessible(page);
      await dialog.getByRole("button", { name: "Keep it" }).click();
      await dialog.waitFor({ state: "detached" });
      await card.getByRole("button", { name: "Unschedule" }).click();
      await dialog.getByRole("button", { name: "Unschedule" }).click();
      await card.waitFor({ state: "detached" });
      const { reply } = await server.post({ type: "list_schedules" });
      assert.deepEqual((reply.schedules as { id: string }[]).map(({ id }) => id), [
        "weekly_report",
        "once_only",
      ]);
    },
  );
});

Deno.test("schedules: a new run appears by itself, with its status and a link", async () => {
  const context = { timezoneId: BERLIN, colorScheme: "dark" as const };
  await visit({ ...OPTIONS, context }, async ({ server, page, go, picture }) => {
    const first = Temporal.Now.instant().add({ minutes: 5 }).toString();
    await schedule(server, "often", first, { interval: "daily", timezone: BERLIN, max_runs: 2 });
    await schedule(server, "single", first, { interval: "daily", max_runs: 1 });
    await moveRunsNear(server);
    await go("/schedules?schedule=often");
    const card = page.getByRole("article", { name: "Schedule often" });
    await card.getByText("0 of 2 runs done").waitFor();
    await card.getByRole("link", { name: "often_run_1" }).waitFor({ timeout: 180_000 });
    await card.getByText("1 of 2 runs done").waitFor();
    await card.getByText("Completed").waitFor();
    // The one that ran once has ended, and its run is still to be found.
    await page.getByRole("region", { name: "Ended schedules" }).getByText("single", { exact: true })
      .waitFor();
    const today = page.locator("[aria-current=date]");
    await becomes(() => today.getAttribute("aria-label"), /2 runs made/);
    await picture("schedules-runs-dark");
    await isAccessible(page);
    await page.getByRole("region", { name: /^Runs of/ }).getByRole("link", { name: "often_run_1" }).click();
    await page.waitForURL(/#\/tasks\/often_run_1$/);
  });
});

Deno.test("schedules: they fit on a phone", async () => {
  const context = {
    viewport: { width: 380, height: 800 },
    hasTouch: true,
    isMobile: true,
    timezoneId: BERLIN,
  };
  await visit({ ...OPTIONS, context }, async ({ server, page, go, picture }) => {
    const soon = Temporal.Now.instant().add({ hours: 20 }).toString();
    await schedule(server, "nightly_build_with_a_rather_long_name_of_its_own", soon, {
      interval: "daily",
      timezone: "America/Argentina/Buenos_Aires",
    });
    await go("/schedules?schedule=nightly_build_with_a_rather_long_name_of_its_own");
    await page.getByRole("grid").waitFor();
    await picture("schedules-phone");
    await isAccessible(page);
    await isNoWider(page, 380);
  });
});

Deno.test("schedules: one is paused, resumed, run by hand and given a cron expression, which is said in words", async () => {
  await visit(OPTIONS, async ({ server, page, go }) => {
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString();
    await schedule(server, "job", tomorrow, { interval: "daily", timezone: BERLIN });
    await go("/schedules?schedule=job");
    const card = page.getByRole("article", { name: "Schedule job" });
    await card.getByRole("button", { name: "Pause" }).click();
    await card.getByText("Paused", { exact: true }).waitFor();
    await card.getByRole("button", { name: "Resume" }).click();
    await card.getByRole("button", { name: "Pause" }).waitFor();
    await card.getByRole("button", { name: "Run now" }).click();
    await card.getByRole("link", { name: "job_run_1" }).waitFor();
    await card.getByRole("button", { name: "Edit" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Runs").selectOption("cron");
    await dialog.getByRole("textbox", { name: /Cron expression/ }).fill("@daily");
    await dialog.getByText(/Expected: five fields/).waitFor();
    await becomes(() => dialog.getByRole("button", { name: "Save" }).isDisabled(), true);
    await dialog.getByRole("textbox", { name: /Cron expression/ }).fill("0 9 * * MON-FRI");
    await isAccessible(page);
    await dialog.getByRole("button", { name: "Save" }).click();
    await card.getByText(/At 09:00, Monday through Friday Europe\/Berlin/).waitFor();
  });
});

Deno.test("schedules: the prompt and the hour are edited; a copy keeps the rule and asks for what is not shown; its id leads there", async () => {
  await visit(OPTIONS, async ({ server, page, go }) => {
    const recurring = { interval: "daily", timezone: BERLIN, pause_after_failures: 3 };
    const day = Temporal.Now.plainDateISO("UTC").add({ days: 3 });
    const execution = { prompt: "true # old", env: { API_KEY: "not-to-be-shown" } };
    await schedule(server, "job", `${day}T12:00:00Z`, recurring, { execution });
    await go("/tasks/job");
    await becomes(() => page.url(), /#\/schedules\?schedule=job$/);
    const card = page.getByRole("article", { name: "Schedule job" });
    await card.getByRole("button", { name: "Edit" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("textbox", { name: "Prompt" }).fill("true # new");
    await dialog.getByLabel(/Next run/).fill(`${day}T05:45`);
    await isAccessible(page);
    await dialog.getByRole("button", { name: "Save" }).click();
    await card.getByText(/Every day at 05:45 Europe\/Berlin/).waitFor();
    const { reply } = await server.post({ type: "list_schedules" });
    const [stored] = reply.schedules as {
      scheduled_time: string;
      recurring: object;
      task: { description: string; execution: object };
    }[];
    const wall = Temporal.Instant.from(stored!.scheduled_time).toZonedDateTimeISO(BERLIN).toPlainDateTime();
    assert.equal(wall.toString(), `${day}T05:45:00`);
    assert.deepEqual(stored!.recurring, recurring);
    assert.equal(stored!.task.description, "true # job");
    assert.deepEqual(stored!.task.execution, { prompt: "true # new", env: { API_KEY: "***" } });

    await card.getByRole("link", { name: "Copy" }).click();
    await page.getByText(/stands for a value that is not shown, and so was not copied/).waitFor();
    assert.equal(await page.getByLabel("Pause after failures").inputValue(), "3");
    await page.getByRole("button", { name: "Schedule", exact: true }).click();
    await page.getByRole("alert").getByText(/API_KEY/).waitFor();
    await page.getByLabel("Value of variable 1").fill("typed-again");
    await page.getByRole("button", { name: "Schedule", exact: true }).click();
    await becomes(() => page.url(), /#\/schedules\?schedule=job_2/);
  });
});
