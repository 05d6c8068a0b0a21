/** The limits' page: what is used and refused for real, and each change that an administrator can make. */
import assert from "node:assert/strict";
import type { TestServer } from "../fixtures/server.ts";
import { becomes, isAccessible, isNoWider, visit } from "./fixtures/browser.ts";

const PHONE = { width: 380, height: 800 };

/** As the server reports them over HTTP. */
async function report(server: TestServer): Promise<Record<string, unknown>> {
  const { reply } = await server.post({ type: "request_rate_limits" });
  return reply.data as Record<string, unknown>;
}

/** Asks for a task that does not exist until that is refused. */
async function storm(server: TestServer, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await server.post({ type: "get_task_status", task_id: "nobody" });
}

const config = { limits: { status_checks_per_minute: 8, burst_per_second: 60, messages_per_minute: 400 } };

for (const colorScheme of ["light", "dark"] as const) {
  Deno.test(`limits page in ${colorScheme} colours: quiet, then with refusals, bars, history and clients`, async () => {
    await visit({ config, context: { colorScheme } }, async ({ server, page, go, picture }) => {
      await go("/server/limits");
      await page.getByText("Limits are in force").waitFor();
      await page.getByText("Nobody was refused.").waitFor();
      const each = page.getByRole("region", { name: "Each client" });
      await each.getByRole("meter", { name: "Messages per minute" }).waitFor();
      // What this page uses is told unasked.
      await page.getByRole("region", { name: "This page" }).getByRole("meter", { name: /^Messages/ })
        .waitFor();
      await isAccessible(page);
      await picture(`limits-quiet-${colorScheme}`);

      await storm(server, 12);
      await page.getByRole("button", { name: "Refresh" }).click();
      const refused = page.getByRole("region", { name: "Refused in the last hour" });
      await refused.getByRole("row", { name: /127\.0\.0\.1 Status checks 4$/ }).waitFor();
      const checks = each.getByRole("meter", { name: "Status checks per minute" });
      await becomes(() => checks.getAttribute("aria-valuetext"), "8 of 8");
      await page.getByText(/in the last hour: \d+ let through, 4 refused/).waitFor();
      // They may lie on both sides of a minute's end.
      await page.getByRole("img", { name: /Refused: \d now, lowest \d, highest [1-4]$/ }).waitFor();
      const clients = page.getByRole("region", { name: "Top clients" });
      await clients.getByRole("row", { name: /127\.0\.0\.1 1 \d+ 4/ }).waitFor();
      await isAccessible(page);
      await picture(`limits-busy-${colorScheme}`);

      await clients.getByRole("button", { name: "127.0.0.1" }).click();
      await page.getByRole("region", { name: "Client 127.0.0.1" }).waitFor();
      await page.waitForURL(/client=127\.0\.0\.1/);
      await page.getByRole("button", { name: "Only 127.0.0.1 ×" }).click();
      await each.waitFor();
    });
  });
}

Deno.test("limits page: a limit is changed for everybody; invalid values are reported at the field", async () => {
  await visit({ config }, async ({ server, page, go, picture }) => {
    await go("/server/limits");
    await page.getByRole("button", { name: "Change Status checks" }).click();
    const dialog = page.getByRole("dialog", { name: "Limit: Status checks" });
    const field = dialog.getByRole("textbox", { name: /Status checks/ });
    await field.fill("none");
    await dialog.getByRole("button", { name: "Change for everybody" }).click();
    await dialog.getByText(/must be of type .*, not string/).waitFor();
    await becomes(() => field.getAttribute("aria-invalid"), "true");
    await field.fill("0");
    await dialog.getByRole("button", { name: "Change for everybody" }).click();
    await dialog.getByText(/Expected: at least 1/).waitFor();
    await isAccessible(page);
    await picture("limits-field");
    await field.fill("77");
    await dialog.getByRole("button", { name: "Change for everybody" }).click();
    await dialog.waitFor({ state: "hidden" });
    const each = page.getByRole("region", { name: "Each client" });
    await each.getByText("0 of 77").waitFor();
    assert.equal(((await report(server)).limits as Record<string, number>).status_checks_per_minute, 77);
  });
});

Deno.test("limits page: a client gets its own limits, they are enforced, and they are lifted", async () => {
  await visit({ config }, async ({ server, page, go, picture }) => {
    await go("/server/limits");
    await page.getByRole("button", { name: "Limits for a client…" }).click();
    const dialog = page.getByRole("dialog", { name: "Limits of one client" });
    await dialog.getByRole("button", { name: "Set them" }).click();
    await dialog.getByText("Give at least one limit for this client.").waitFor();
    await dialog.getByRole("textbox", { name: /^Status checks/ }).fill("500");
    await dialog.getByRole("button", { name: "Set them" }).click();
    await dialog.getByText(/Expected: 1 to 100 characters/).waitFor();
    await dialog.getByRole("textbox", { name: /^Client/ }).fill("127.0.0.1");
    await dialog.getByLabel("For").selectOption("3600");
    await isAccessible(page);
    await picture("limits-override");
    await dialog.getByRole("button", { name: "Set them" }).click();
    await page.getByText("Status checks 500").waitFor();
    await page.getByText(/ends in (59 min|1 h)/).waitFor();
    await storm(server, 12);
    assert.deepEqual((await report(server)).violations, [], "twelve are within its own limit");

    await page.getByRole("button", { name: "Lift the limits of 127.0.0.1" }).click();
    await page.getByRole("button", { name: "Lift them" }).click();
    await page.getByText("Every client has the limits above.").waitFor();
    assert.deepEqual((await report(server)).overrides, []);
  });
});

Deno.test("limits page: all limits are suspended and resumed; lowering them under load is switched on and off", async () => {
  await visit({ config }, async ({ server, page, go, picture }) => {
    await go("/server/limits");
    await page.getByRole("button", { name: "Suspend…" }).click();
    const dialog = page.getByRole("dialog", { name: "Suspend all limits" });
    await dialog.getByRole("textbox", { name: /^Minutes/ }).fill("90");
    await dialog.getByRole("button", { name: "Suspend all limits" }).click();
    await dialog.getByText(/Expected: at most 3600/).waitFor();
    await dialog.getByRole("textbox", { name: /^Minutes/ }).fill("15");
    await dialog.getByRole("textbox", { name: /^Reason/ }).fill("Moving all tasks over");
    await dialog.getByRole("button", { name: "Suspend all limits" }).click();
    await page.getByText(/They come back in 1[45] min: Moving all tasks over/).waitFor();
    await storm(server, 12);
    assert.deepEqual((await report(server)).violations, []);
    await isAccessible(page);
    await picture("limits-suspended");
    await page.getByRole("button", { name: "Resume…" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Resume" }).click();
    await page.getByText("Limits are in force", { exact: true }).waitFor();
    assert.equal((await report(server)).suspended, undefined);

    await page.getByRole("button", { name: "Switch on…" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Switch it on" }).click();
    await page.getByText("Lower under load: on").waitFor();
    assert.equal(((await report(server)).scaling as Record<string, unknown>).enabled, true);
    await page.getByRole("button", { name: "Switch off" }).click();
    await page.getByText("Lower under load: off").waitFor();
  });
});

Deno.test("limits page on a phone, on a server without limits: it fits the screen and says that there are none", async () => {
  const options = { config: { limits: { enabled: false } }, context: { viewport: PHONE } };
  await visit(options, async ({ page, go, picture }) => {
    await go("/server/limits");
    await page.getByText("There are no limits.").waitFor();
    await isNoWider(page, PHONE.width);
    await isAccessible(page);
    await picture("limits-phone");
  });
});
