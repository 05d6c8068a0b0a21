/** The page's connection: it may be reloaded as often as one likes, and a refusal says why and when to come back. */
import assert from "node:assert/strict";
import { visit } from "./fixtures/browser.ts";

const REFUSED = "The server refuses the connection:";

Deno.test("dashboard: ten reloads in a row, with the default limits", async () => {
  await visit({}, async ({ server, page, go }) => {
    await go("/tasks");
    for (let i = 0; i < 10; i++) {
      await page.reload();
      await page.getByText("No tasks yet").waitFor();
      // Only a connection can tell of it.
      const task = { id: `reload_${i}`, type: "testing", priority: "low", description: `Reloaded ${i}` };
      if (i === 9) await server.post({ type: "start_task", task });
    }
    await page.getByText("Reloaded 9").first().waitFor();
    assert.equal(await page.locator(".connection-banner").count(), 0);
  });
});

Deno.test("dashboard: a full server is named as the reason, and the page connects once there is a place", async () => {
  await visit({ config: { limits: { connections: 1 } } }, async ({ server, page, go, complaints }) => {
    const other = await server.connect();
    await go("/tasks");
    await page.getByText(`${REFUSED} The server has 1 connections, which is its limit`).waitFor();
    await other.close();
    await page.getByText("No tasks yet").waitFor();
    assert.equal(await page.locator(".connection-banner").count(), 0);
    // Refused connections are what the browser itself complains of.
    complaints.length = 0;
  });
});

Deno.test("dashboard: a page without a key that was reloaded too often says so, and waits as long as it is told", async () => {
  const config = { limits: { reconnections_per_minute: 1 }, security: { auth: "required" } };
  await visit({ config }, async ({ page, go, complaints }) => {
    await go("/tasks");
    for (let i = 0; i < 2; i++) {
      await page.getByRole("dialog").first().waitFor();
      await page.reload();
    }
    await page.getByText(`${REFUSED} Too many requests.`).waitFor();
    await page.getByText("(Reconnections: at most 1 per minute and address)").waitFor();
    // A pause of the client's own would be of a second.
    await page.getByText(/Trying again in (5\d|60) s/).waitFor();
    complaints.length = 0;
  });
});

Deno.test("dashboard: an address that is locked out for wrong keys is told so, and for how long", async () => {
  await visit({ config: { security: { auth: "required" } } }, async ({ server, page, go, complaints }) => {
    for (let i = 0; i < 10; i++) {
      await server.post({ type: "ping" }, { authorization: `Bearer wrong_${i}` });
    }
    await page.addInitScript(() => sessionStorage.setItem("opencode-agents.key", "sk-any"));
    await go("/tasks");
    await page.getByText(`${REFUSED} Too many wrong keys from this address. Please wait.`, { exact: true })
      .waitFor();
    await page.getByText(/Trying again in [45] min/).waitFor();
    complaints.length = 0;
  });
});
