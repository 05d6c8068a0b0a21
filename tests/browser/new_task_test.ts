/** The form for a new task: it starts real tasks, and what the API refuses is said at the field that it names. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { Repository } from "../fixtures/repository.ts";
import { becomes, isAccessible, isNoWider, visit, type VisitOptions } from "./fixtures/browser.ts";

const SHELL: VisitOptions = {
  config: {
    agents: {
      sh: { protocol: "command", command: ["sh", "-c", "{prompt}"] },
      other: { protocol: "command", command: ["sh", "-c", "{prompt}"] },
    },
    tasks: { default_agent: "sh" },
    limits: { enabled: false },
  },
};

const start = (page: Page) => page.getByRole("button", { name: "Start task" }).click();
const more = (page: Page) => page.locator("summary", { hasText: "More" }).click();

/** Waits until the field's description says what is wrong with it. */
async function isRefused(page: Page, label: string, problem: RegExp): Promise<void> {
  const field = page.getByLabel(label, { exact: true }).and(page.locator("[aria-invalid=true]"));
  await becomes(async () => {
    const described = (await field.getAttribute("aria-describedby"))?.split(" ") ?? [];
    const said = described.filter((id) => id.endsWith("-problem")).map((id) => `#${id}`);
    return (await page.locator(said.join() || "none").allInnerTexts()).join();
  }, problem);
}

Deno.test("new task: the short form, sent by keyboard, starts a task that runs to its end", async () => {
  await visit(SHELL, async ({ server, page, go, picture }) => {
    await go("/new");
    const text = page.getByLabel("What to do");
    await page.locator("textarea:focus").waitFor();
    await picture("new-task-empty");
    await isAccessible(page);
    await page.keyboard.type("echo it ran");
    await page.getByLabel("Type", { exact: true }).selectOption("testing");
    await page.getByLabel("Priority").selectOption("high");
    await text.press("Control+Enter");
    await page.waitForURL(/#\/tasks\/echo_it_ran$/);
    await becomes(async () => {
      const { reply } = await server.post({ type: "get_task_status", task_id: "echo_it_ran" });
      const { status, type, priority } = reply.task as Record<string, unknown>;
      return { status, type, priority };
    }, { status: "completed", type: "testing", priority: "high" });
    // Sent is sent: the next one begins empty.
    await go("/new");
    await becomes(() => text.inputValue(), "");
  });
});

Deno.test("new task: every field of the form arrives", async () => {
  await visit(SHELL, async ({ server, page, go, picture }) => {
    await server.post({
      type: "start_task",
      task: { id: "earlier", type: "research", priority: "low", description: "true" },
    });
    await go("/new");
    await page.getByLabel("What to do").fill("Check everything");
    await page.getByLabel("Agent", { exact: true }).fill("other");
    await page.getByLabel("Folder", { exact: true }).fill(server.dir);
    await more(page);
    await page.getByLabel("Id", { exact: true }).fill("all_fields");
    await page.getByLabel("Timeout").fill("1 h 30 min");
    await page.getByLabel("Prompt").fill("echo $COLOUR");
    await page.getByLabel("Waits for", { exact: true }).fill("earl");
    await page.getByRole("option", { name: /earlier/ }).waitFor();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.getByRole("list", { name: "Waits for these" }).getByText("earlier").waitFor();
    await page.getByLabel("Model").fill("m1");
    await page.getByLabel("Effort").fill("high");
    await page.getByLabel("Mode", { exact: true }).fill("plan");
    await page.getByLabel("Files").fill("src/**/*.ts");
    await page.getByLabel("Permission requests").selectOption("ask");
    await page.getByLabel("Isolation").selectOption("none");
    await page.getByLabel("Attempts").fill("2");
    await page.getByLabel("Boost").fill("-5");
    await page.getByRole("button", { name: "Add a variable" }).click();
    await page.getByLabel("Name of variable 1").fill("COLOUR");
    await page.getByLabel("Value of variable 1").fill("green");
    await page.getByLabel("Tags").fill("nightly, parser");
    await page.getByLabel("Metadata as JSON").fill('{"owner": "ana", "ticket": 117}');
    await picture("new-task-full");
    await isAccessible(page);
    await start(page);
    await page.waitForURL(/#\/tasks\/all_fields$/);
    const { reply } = await server.post({ type: "get_task_status", task_id: "all_fields" });
    const task = reply.task as Record<string, unknown>;
    assert.deepEqual(task.dependencies, ["earlier"]);
    assert.equal(task.timeout, 5_400_000);
    assert.equal(task.files_pattern, "src/**/*.ts");
    assert.deepEqual(task.metadata, { owner: "ana", ticket: 117, tags: ["nightly", "parser"] });
    assert.deepEqual(task.execution, {
      agent: "other",
      prompt: "echo $COLOUR",
      working_dir: server.dir,
      env: { COLOUR: "***" },
      model: "m1",
      effort: "high",
      mode: "plan",
      isolation: "none",
      permissions: "ask",
      max_attempts: 2,
      priority_boost: -5,
    });
    // And all of it is there again in a copy, but for the id, and for the values that nobody is shown.
    await go("/new?from=all_fields");
    await page.getByText("A copy of all_fields").waitFor();
    await becomes(() => page.getByLabel("Id", { exact: true }).inputValue(), "all_fields_2");
    await becomes(() => page.getByLabel("Timeout").inputValue(), "1 h 30 min");
    await page.getByLabel("Value of variable 1").fill("green");
    await start(page);
    await page.waitForURL(/#\/tasks\/all_fields_2$/);
    const copy = await server.post({ type: "get_task_status", task_id: "all_fields_2" });
    const { execution, metadata, dependencies } = copy.reply.task as Record<string, unknown>;
    assert.deepEqual({ execution, metadata, dependencies }, {
      execution: task.execution,
      metadata: task.metadata,
      dependencies: task.dependencies,
    });
  });
});

Deno.test("new task: the suggested id follows the rules and avoids existing ids", async () => {
  await visit(SHELL, async ({ server, page, go }) => {
    await server.post({
      type: "start_task",
      task: { id: "fix_the_parser", type: "bugfix", priority: "low", description: "Fix the parser" },
    });
    await go("/new");
    await more(page);
    const id = page.getByLabel("Id", { exact: true });
    const text = page.getByLabel("What to do");
    for (
      const [description, expected] of [
        ["Ändere die Größe: Übersicht!", "andere_die_gro_e_ubersicht"],
        ["system_check of it all", "task_system_check_of_it_all"],
        ["日本語", "task"],
        ["Fix the parser", "fix_the_parser_2"],
      ]
    ) {
      await text.fill(description!);
      await becomes(() => id.inputValue(), expected);
    }
    await id.fill("mine");
    await text.fill("Something else");
    await becomes(() => text.inputValue(), "Something else");
    assert.equal(await id.inputValue(), "mine");
    await id.fill("");
    await text.focus();
    await becomes(() => id.inputValue(), "something_else");
  });
});

Deno.test("new task: missing values are reported on top and at the field, which gets the focus", async () => {
  await visit(SHELL, async ({ page, go, picture }) => {
    await go("/new");
    await page.getByLabel("What to do").waitFor();
    await start(page);
    await isRefused(page, "What to do", /This field is required.*INVALID_TASK_DATA/);
    await page.locator("#new-task-description:focus").waitFor();
    await picture("new-task-missing");
    await isAccessible(page);
    const summary = page.getByRole("alert").filter({ hasText: "Not sent" });
    await page.getByLabel("Priority").focus();
    await summary.getByRole("link", { name: "What to do" }).click();
    await page.locator("#new-task-description:focus").waitFor();
    await page.keyboard.type("true");
    await summary.waitFor({ state: "hidden" });
  });
});

interface Refusal {
  fill: (page: Page) => Promise<unknown>;
  label: string;
  problem: RegExp;
}

const field = (label: string, value: string) => (page: Page) =>
  page.getByLabel(label, { exact: true }).fill(value);

const REFUSALS: Refusal[] = [
  { fill: field("Id", "not an id!"), label: "Id", problem: /INVALID_FIELD_FORMAT/ },
  { fill: field("Id", "system_x"), label: "Id", problem: /does not start with.*INVALID_FIELD_VALUE/ },
  { fill: field("Id", "taken"), label: "Id", problem: /already exists.*TASK_ALREADY_EXISTS/ },
  { fill: field("Files", "../x"), label: "Files", problem: /relative pattern.*INVALID_FIELD_VALUE/ },
  { fill: field("Timeout", "5 ms"), label: "Timeout", problem: /at least 1000.*INVALID_FIELD_VALUE/ },
  { fill: field("Timeout", "soon"), label: "Timeout", problem: /duration with its unit/ },
  { fill: field("Attempts", "many"), label: "Attempts", problem: /of type number.*INVALID_FIELD_TYPE/ },
  { fill: field("Boost", "101"), label: "Boost", problem: /at most 100.*INVALID_FIELD_VALUE/ },
  { fill: field("Tags", "a, a"), label: "Tags", problem: /duplicate.*INVALID_FIELD_VALUE/ },
  { fill: field("Metadata as JSON", "{"), label: "Metadata as JSON", problem: /not valid JSON/ },
  { fill: field("Metadata as JSON", "[]"), label: "Metadata as JSON", problem: /JSON object/ },
  {
    fill: field("Metadata as JSON", '{"complexity": "hihg"}'),
    label: "Metadata as JSON",
    problem: /low, medium, high.*INVALID_FIELD_VALUE/,
  },
  {
    fill: field("Agent", "otter"),
    label: "Agent",
    problem: /There is no agent 'otter'\. .*sh, other INVALID_FIELD_VALUE\s+Use other/,
  },
  { fill: field("Folder", "/"), label: "Folder", problem: /outside tasks.allowed_dirs/ },
  { fill: field("Folder", "missing"), label: "Folder", problem: /does not exist.*FILE_NOT_FOUND/ },
  {
    fill: async (page) => {
      await page.getByRole("button", { name: "Add a variable" }).click();
      await page.getByLabel("Name of variable 1").fill("1 2");
    },
    label: "Name of variable 1",
    problem: /task.execution.env.1 2.*INVALID_FIELD_VALUE/,
  },
  {
    fill: async (page) => {
      await page.getByLabel("Waits for", { exact: true }).fill("nobody");
      await page.keyboard.press("Enter");
    },
    label: "Waits for",
    problem: /'nobody' does not exist.*TASK_DEPENDENCY_ERROR/,
  },
];

Deno.test("new task: each kind of refusal appears at its field, and several at once at theirs", async () => {
  await visit(SHELL, async ({ server, page, go, picture }) => {
    await server.post({
      type: "start_task",
      task: { id: "taken", type: "bugfix", priority: "low", description: "true" },
    });
    await go("/new");
    for (const { fill, label, problem } of REFUSALS) {
      await page.getByLabel("What to do").fill("true");
      if (await page.locator("details.more[open]").count() === 0) {
        await more(page);
      }
      await fill(page);
      await start(page);
      await isRefused(page, label, problem);
      await page.locator("[aria-invalid=true]:focus").waitFor();
      if (label === "Agent") {
        // What the server named instead is one click away, and is what is proposed from now on.
        await page.getByRole("button", { name: "Use other" }).click();
        await becomes(() => page.getByLabel("Agent", { exact: true }).inputValue(), "other");
        for (const name of ["sh", "other"]) {
          await becomes(() => page.locator(`#known-agents option[value=${name}]`).count(), 1);
        }
      }
      await page.getByRole("button", { name: "Clear the form" }).click();
    }
    await page.getByLabel("What to do").fill("true");
    await more(page);
    for (
      const [label, value] of [["Files", "[a"], ["Attempts", "0"], ["Boost", "1.5"], ["Tags", "x".repeat(51)]]
    ) {
      await field(label!, value!)(page);
    }
    await start(page);
    await isRefused(page, "Files", /glob/);
    await isRefused(page, "Attempts", /at least 1/);
    await isRefused(page, "Boost", /integer/);
    await isRefused(page, "Tags", /1 to 50 characters/);
    await page.getByText("these 4").waitFor();
    await page.locator("#new-task-files_pattern:focus").waitFor();
    await picture("new-task-problems");
    await isAccessible(page);
  });
});

Deno.test("new task: impossible times are refused at their fields", async () => {
  await visit(
    { ...SHELL, context: { timezoneId: "America/New_York", colorScheme: "dark" } },
    async ({ server, page, go, picture }) => {
      await go("/new?schedule=1");
      await page.getByLabel("What to do").fill("true");
      const send = page.getByRole("button", { name: "Schedule", exact: true });
      await page.getByLabel("First run").fill("2020-01-01T09:00");
      await send.click();
      await isRefused(page, "First run", /must be in the future.*INVALID_SCHEDULE_TIME/);
      await page.getByLabel("First run").fill("");
      await send.click();
      await isRefused(page, "First run", /This field is required.*INVALID_TASK_DATA/);
      await page.getByLabel("First run").fill(new Date(Date.now() + 86_400_000).toISOString().slice(0, 16));
      await page.getByLabel("Time zone").fill("Mars/Base");
      await page.getByLabel("Maximum runs").fill("0");
      await send.click();
      await isRefused(page, "Time zone", /IANA time zone.*INVALID_RECURRING_CONFIG/);
      await isRefused(page, "Maximum runs", /at least 1.*INVALID_RECURRING_CONFIG/);
      await page.getByLabel("Time zone").fill("Europe/Berlin");
      await page.getByLabel("Maximum runs").fill("3");
      await page.getByLabel("Until").fill("2021-01-01T09:00");
      await send.click();
      await isRefused(page, "Until", /end before its first run.*INVALID_RECURRING_CONFIG/);
      await picture("new-task-schedule-dark");
      await isAccessible(page);
      await page.getByLabel("Until").fill("");
      await send.click();
      await page.waitForURL(/#\/schedules\?schedule=true$/);
      const { reply } = await server.post({ type: "list_schedules" });
      const [schedule] = reply.schedules as Record<string, unknown>[];
      assert.deepEqual(schedule!.recurring, { interval: "daily", max_runs: 3, timezone: "Europe/Berlin" });
    },
  );
});

Deno.test("new task: an exhausted limit says when to try again and keeps the draft", async () => {
  await visit(
    { config: { ...SHELL.config, limits: { tasks_per_minute: 1 } } },
    async ({ page, go, picture }) => {
      await go("/new");
      await page.getByLabel("What to do").fill("true");
      await start(page);
      await page.waitForURL(/#\/tasks\//);
      await go("/new");
      await page.getByLabel("What to do").fill("echo again");
      await start(page);
      await page.getByText(/Try again in \d+ s/).waitFor();
      await page.locator("[role=alert]:focus").waitFor();
      await becomes(() => page.getByLabel("What to do").inputValue(), "echo again");
      await picture("new-task-limit");
      await isAccessible(page);
    },
  );
});

Deno.test("new task: the draft survives a lost connection and is sent over the next one", async () => {
  await visit(SHELL, async ({ server, page, go, complaints }) => {
    await go("/new");
    await page.getByLabel("What to do").fill("echo after the restart");
    const port = new URL(server.url).port;
    await server.stop("SIGKILL");
    await page.getByText("No connection to the server").waitFor();
    await start(page);
    await page.getByText("Waiting for the connection").waitFor();
    await server.start(["--port", port]);
    await page.waitForURL(/#\/tasks\/echo_after_the_restart$/, { timeout: 60_000 });
    // Refused connections are what the browser itself complains of.
    complaints.length = 0;
  });
});

Deno.test("new task: it fits on a phone, and a very long text becomes the prompt", async () => {
  const context = { viewport: { width: 380, height: 800 }, hasTouch: true, isMobile: true };
  await visit({ ...SHELL, context }, async ({ server, page, go, picture }) => {
    await go("/new?schedule=1");
    await page.getByLabel("What to do").fill("Look through it");
    await more(page);
    await picture("new-task-phone");
    await isAccessible(page);
    await isNoWider(page, 380);
    const long = `true\n${"# 👍 and so on\n".repeat(120)}`;
    await page.getByLabel("Now").check();
    await page.getByLabel("What to do").fill(long);
    await page.getByText("Longer than a description may be").waitFor();
    await start(page);
    await page.waitForURL(/#\/tasks\/true_and_so_on/);
    const task_id = decodeURIComponent(page.url().split("/tasks/")[1]!);
    const { reply } = await server.post({ type: "get_task_status", task_id });
    const task = reply.task as { description: string; execution: { prompt: string } };
    assert.equal(task.execution.prompt, long);
    assert.equal([...task.description].length, 1000);
  });
});

Deno.test("new task: files are chosen, dropped and pasted; they arrive with the task, and a refused one keeps it back", async () => {
  await visit(SHELL, async ({ server, page, go, picture }) => {
    await go("/new");
    await page.getByLabel("What to do").fill('cat $(echo "$TASK_ATTACHMENTS")');
    const input = page.getByLabel("Attachments");
    const list = page.getByRole("list", { name: "Files of the task" });
    await input.setInputFiles([
      { name: "one.txt", mimeType: "text/plain", buffer: Buffer.from("first ") },
      { name: "empty.txt", mimeType: "text/plain", buffer: Buffer.alloc(0) },
    ]);
    await list.getByText("This file is empty.").waitFor();
    await start(page);
    await isRefused(page, "Attachments", /Remove the files/);
    await page.getByRole("button", { name: "Remove empty.txt" }).click();
    // A browser lets no test drop a real file, so the form gets the events that it would.
    await page.evaluate(`{
      const form = document.querySelector("form");
      const transfer = (name, text) => {
        const data = new DataTransfer();
        data.items.add(new File([text], name, { type: "text/plain" }));
        return data;
      };
      const options = { bubbles: true, cancelable: true };
      const dataTransfer = transfer("two.txt", "second ");
      form.dispatchEvent(new DragEvent("drop", { ...options, dataTransfer }));
      const clipboardData = transfer("three.txt", "third");
      form.dispatchEvent(new ClipboardEvent("paste", { ...options, clipboardData }));
    }`);
    await becomes(
      async () => (await list.getByRole("listitem").allInnerTexts()).map((text) => text.replace(/\s+/g, " ")),
      ["one.txt 6 B sent ×", "two.txt 7 B sent ×", "three.txt 5 B sent ×"],
    );
    await isAccessible(page);
    await picture("new-task-files");
    await page.locator("summary", { hasText: "More" }).click();
    await page.getByLabel("Id", { exact: true }).fill("with_files");
    await start(page);
    await page.waitForURL(/#\/tasks\/with_files$/);
    await page.getByText("two.txt, 7 B").waitFor();
    await becomes(async () => {
      const { reply } = await server.post({ type: "get_task_result", task_id: "with_files" });
      return (reply.result as { output: string }).output;
    }, "first second third\n");
    await go("/new");
    await page.getByLabel("What to do").waitFor();
    assert.equal(await list.count(), 0, "sent is sent");
    await go("/tasks/with_files");
    await page.getByRole("link", { name: "Run again as a copy" }).click();
    await becomes(
      async () => (await list.getByRole("listitem").allInnerTexts()).map((text) => text.split(/\s/)[0]),
      ["one.txt", "two.txt", "three.txt"],
    );
    await start(page);
    await page.waitForURL(/#\/tasks\/with_files_2$/);
    await becomes(async () => {
      const { reply } = await server.post({ type: "get_task_result", task_id: "with_files_2" });
      return (reply.result as { output: string }).output;
    }, "first second third\n");
  });
});

Deno.test("new task: an agent that cannot be held to a denial is refused at the field", async () => {
  await visit(SHELL, async ({ page, go }) => {
    await go("/new");
    await page.getByLabel("What to do").fill("true");
    await more(page);
    await page.getByLabel("Permission requests").selectOption("deny");
    await start(page);
    await isRefused(page, "Permission requests", /asks for no permission/);
  });
});

Deno.test("new task: it takes over the project that the pages are narrowed to, and names what its settings say", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const { path } = await Repository.create(join(folder, "shop"));
    const config = {
      agents: {
        sh: { protocol: "command", command: ["sh", "-c", "{prompt}"] },
        other: { protocol: "command", command: ["sh", "-c", "{prompt}"] },
      },
      projects: { shop: { path, agent: "sh", isolation: "worktree", base_branch: "main" } },
      tasks: { default_agent: "other" },
      limits: { enabled: false },
    };
    await visit({ config }, async ({ server, page, go, picture }) => {
      await go("/tasks");
      const projects = page.getByRole("banner").getByRole("combobox", { name: "Project" });
      await projects.selectOption("shop");
      await page.waitForURL(/project=shop/);
      await go("/new");
      const chosen = page.getByRole("form", { name: "New task" }).getByLabel("Project", { exact: true });
      await becomes(() => chosen.inputValue(), "shop");
      await page.getByText("Where the form says nothing: sh, in a worktree of its own, from main.").waitFor();
      await becomes(() => page.getByLabel("Agent", { exact: true }).getAttribute("placeholder"), "sh");
      await becomes(() => page.getByLabel("Folder", { exact: true }).getAttribute("placeholder"), path);
      await page.reload();
      await becomes(() => chosen.inputValue(), "shop");
      await page.locator("summary", { hasText: "More" }).click();
      const isolation = page.getByLabel("Isolation", { exact: true });
      await becomes(
        () => isolation.locator("option").first().innerText(),
        "The project's: Work in a separate git worktree",
      );
      await isAccessible(page);
      await picture("new-task-project");
      await page.getByLabel("What to do").fill("pwd");
      await page.getByLabel("Starts from", { exact: true }).fill("nowhere");
      await page.getByRole("button", { name: "Start task" }).click();
      await becomes(
        () => page.getByLabel("Starts from", { exact: true }).getAttribute("aria-invalid"),
        "true",
      );
      await page.getByLabel("Starts from", { exact: true }).fill("main");
      await page.getByRole("button", { name: "Start task" }).click();
      await page.waitForURL(/#\/tasks\/pwd$/);
      const { reply } = await server.post({ type: "get_task_status", task_id: "pwd" });
      const { project, execution, workspace } = reply.task as Record<string, Record<string, string>>;
      assert.equal(project, "shop");
      assert.equal(execution!.base, "main");
      await becomes(async () => {
        const { reply } = await server.post({ type: "get_task_result", task_id: "pwd" });
        return (reply.result as { output?: string } | undefined)?.output ?? "";
      }, /worktrees\/pwd/);
      assert.ok(workspace === undefined || workspace.kind === "worktree");

      await go("/new");
      await projects.selectOption("");
      await becomes(() => chosen.inputValue(), "");
      await page.waitForURL(/#\/new$/);
      await becomes(() => page.getByLabel("Agent", { exact: true }).getAttribute("placeholder"), "other");
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
