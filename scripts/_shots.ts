import packed from "@sparticuz/chromium";
import { chromium } from "playwright-core";
const [url, folder, ...only] = Deno.args;
await Deno.mkdir(folder!, { recursive: true });
const browser = await chromium.launch({ executablePath: await packed.executablePath(), args: ["--no-sandbox", "--disable-dev-shm-usage", "--use-gl=angle", "--use-angle=swiftshader"], headless: true });
const r = await (await fetch(url + "/api", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ type: "list_tasks", limit: 50 }) }).catch(() => new Response("{}"))).json().catch(() => ({}));
const id = r.tasks?.find((t: { status: string }) => t.status === "running")?.id ?? r.tasks?.[0]?.id ?? "x";
const places: Record<string, string> = { board: "/tasks", list: "/tasks?view=list", graph: "/tasks?view=graph", task: `/tasks/${id}`, log: `/tasks/${id}?tab=log`, new: "/new", schedules: "/schedules", agents: "/agents", health: "/server/health", system: "/server/system", logs: "/server/logs", limits: "/server/limits", api: "/server/api" };
for (const [theme, width, height] of [["dark", 1440, 900], ["light", 1440, 900], ["light", 1024, 800], ["light", 390, 844], ["dark", 390, 844]] as const) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: theme });
  const page = await context.newPage();
  page.on("console", (m) => m.type() === "error" && console.log(theme, width, m.text()));
  page.on("pageerror", (e) => console.log("pageerror", e.stack));
  for (const [name, place] of Object.entries(places)) {
    if (only.length > 0 && !only.some((o) => `${name}-${theme}-${width}`.includes(o))) continue;
    await page.goto(`${url}/#${place}`);
    await page.locator("h1").first().waitFor({ timeout: 20000 }).catch((e) => console.log(name, e.message));
    await page.waitForTimeout(900);
    await page.screenshot({ path: `${folder}/${name}-${theme}-${width}.png`, animations: "disabled" });
  }
  await context.close();
}
await browser.close();
