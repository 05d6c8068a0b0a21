/** The health's page: well, with a part of the server that is broken for real, and well again. */
import { DatabaseSync } from "node:sqlite";
import { START_PERMISSIONS } from "../../scripts/start_flags.ts";
import { becomes, isAccessible, isNoWider, visit } from "./fixtures/browser.ts";

const PHONE = { width: 380, height: 800 };

for (const colorScheme of ["light", "dark"] as const) {
  Deno.test(`health page in ${colorScheme} colours: all is well, then the store does not answer, then it does again`, async () => {
    await visit({ context: { colorScheme } }, async ({ server, page, go, picture }) => {
      await go("/server/health");
      await page.getByText("Everything works").waitFor();
      await page.getByText("Nothing is wrong").waitFor();
      const parts = page.getByRole("list", { name: "Parts of the server" }).getByRole("listitem");
      await becomes(
        async () => (await parts.allInnerTexts()).map((text) => text.split("\n").at(-1)),
        Array(5).fill("Healthy"),
      );
      const connection = page.getByRole("region", { name: "Connection" });
      await connection.getByText(/^\d+ ms$/).waitFor();
      await connection.getByText("keeps up").waitFor();
      await isAccessible(page);
      await picture(`health-well-${colorScheme}`);

      const other = new DatabaseSync(`${server.data}/store.sqlite3`);
      // The server may just be writing.
      other.exec("PRAGMA busy_timeout = 30000; BEGIN EXCLUSIVE");
      await page.getByRole("button", { name: "Check now" }).click();
      await page.getByText("Something does not work").waitFor();
      const issue = page.getByRole("listitem").filter({ hasText: "HEALTH_CHECK_FAILED" });
      await becomes(
        () => issue.innerText(),
        /critical[\s\S]*Store, since (?:now|\d+ \w+ ago)[\s\S]*What to do:/,
      );
      await parts.filter({ hasText: "Store" }).getByText("Unhealthy").waitFor();
      await isAccessible(page);
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
    await go("/server/health");
    await page.getByText("Something does not work").waitFor();
    const parts = page.getByRole("list", { name: "Parts of the server" }).getByRole("listitem");
    await parts.filter({ hasText: "Processes" }).getByText("Degraded").waitFor();
    await parts.filter({ hasText: "Store" }).getByText("Healthy").waitFor();
    const issue = page.getByRole("listitem").filter({ hasText: "may not run 'ps'" });
    await becomes(() => issue.innerText(), /warning[\s\S]*may not run 'ps'[\s\S]*opencode-agents doctor/);
    await isNoWider(page, PHONE.width);
    await isAccessible(page);
    await picture("health-phone");
  });
});
