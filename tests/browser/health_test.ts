/** The health's page: well, with a part of the server that is broken for real, and well again. */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { START_PERMISSIONS } from "../../scripts/start_flags.ts";
import { violations, visit } from "./fixtures/browser.ts";

const PHONE = { width: 380, height: 800 };

for (const colorScheme of ["light", "dark"] as const) {
  Deno.test(`health page in ${colorScheme} colours: all is well, then the store does not answer, then it does again`, async () => {
    await visit({ context: { colorScheme } }, async ({ server, page, go, picture }) => {
      await go("/health");
      await page.getByText("Everything works").waitFor();
      await page.getByText("Nothing is wrong").waitFor();
      const parts = page.getByRole("list", { name: "Parts of the server" }).getByRole("listitem");
      assert.deepEqual(
        (await parts.allInnerTexts()).map((text) => text.split("\n").at(-1)),
        Array(5).fill("Healthy"),
      );
      const connection = page.getByRole("region", { name: "Connection" });
      await connection.getByText(/^\d+ ms$/).waitFor();
      await connection.getByText("keeps up").waitFor();
      assert.deepEqual(await violations(page), []);
      await picture(`health-well-${colorScheme}`);

      const other = new DatabaseSync(`${server.data}/store.sqlite3`);
      other.exec("BEGIN EXCLUSIVE");
      await page.getByRole("button", { name: "Check now" }).click();
      await page.getByText("Something does not work").waitFor();
      const issue = page.getByRole("listitem").filter({ hasText: "HEALTH_CHECK_FAILED" });
      assert.match(await issue.innerText(), /critical[\s\S]*Store, since now[\s\S]*What to do:/);
      await parts.filter({ hasText: "Store" }).getByText("Unhealthy").waitFor();
      assert.deepEqual(await violations(page), []);
      await picture(`health-broken-${colorScheme}`);

      other.exec("COMMIT");
      other.close();
      await page.keyboard.press("r");
      await page.getByText("Everything works").waitFor();
    });
  });
}

Deno.test("health page on a phone: a missing permission is a warning that says what to do", async () => {
  const permissions = START_PERMISSIONS.filter((flag) => flag !== "--allow-run");
  await visit({ permissions, context: { viewport: PHONE } }, async ({ page, go, picture }) => {
    await go("/health");
    await page.getByText("Something does not work").waitFor();
    const parts = page.getByRole("list", { name: "Parts of the server" }).getByRole("listitem");
    await parts.filter({ hasText: "Processes" }).getByText("Degraded").waitFor();
    await parts.filter({ hasText: "Store" }).getByText("Healthy").waitFor();
    const issue = page.getByRole("listitem").filter({ hasText: "may not run 'ps'" });
    assert.match(await issue.innerText(), /warning[\s\S]*may not run 'ps'[\s\S]*opencode-agents doctor/);
    assert.equal(await page.evaluate<number>("document.documentElement.scrollWidth"), PHONE.width);
    assert.deepEqual(await violations(page), []);
    await picture("health-phone");
  });
});
