/** The dashboard of a server that tenants share. */
import { isAccessible, visit } from "./fixtures/browser.ts";

const config = {
  security: { auth: "required" },
  tenants: { acme: { max_tasks: 9, agents: ["quick"] }, bolt: {} },
  agents: { quick: { protocol: "command", command: ["true"], sandbox: { kind: "none" } } },
  tasks: { default_agent: "quick" },
};

Deno.test("dashboard: the owner sees what each tenant uses, looks at the tasks of one, and comes back", async () => {
  await visit({ config }, async ({ page, server }) => {
    const link = async () => {
      const [program, ...args] = server.commandOf("link", "--data", server.data);
      const { stdout } = await new Deno.Command(program!, { args, stdin: "null" }).output();
      return new TextDecoder().decode(stdout).trim();
    };
    const [program, ...args] = server.commandOf(
      "run",
      "theirs",
      "--id",
      "theirs",
      "--tenant",
      "acme",
      "--data",
      server.data,
    );
    await new Deno.Command(program!, { args, stdin: "null" }).output();
    await page.goto(await link());
    await page.waitForFunction(() => sessionStorage.getItem("opencode-agents.key") !== null);
    await page.goto(`${server.url}/#/server/tenants`);
    await page.getByRole("row", { name: /acme/ }).getByText("1").first().waitFor();
    await page.getByRole("row", { name: /acme/ }).getByText("agents quick").waitFor();
    await isAccessible(page);
    await page.getByRole("button", { name: "Show the tasks of acme" }).click();
    await page.getByText("Tenant acme").waitFor();
    await page.getByText("theirs").first().waitFor();
    await isAccessible(page);
    await page.getByRole("button", { name: "Leave" }).click();
    await page.getByText("Tenant acme").waitFor({ state: "detached" });
  });
});
