/** The dashboard of a server that wants keys. */
import { isAccessible, type Visit, visit } from "./fixtures/browser.ts";

const config = { security: { auth: "required" } };

async function newKey({ server }: Visit): Promise<string> {
  const [program, ...args] = server.commandOf("keys", "create", "browser", "--json", "--data", server.data);
  const { stdout } = await new Deno.Command(program!, { args, stdin: "null" }).output();
  return JSON.parse(new TextDecoder().decode(stdout)).api_key;
}

Deno.test("dashboard: asks for the key if one is required, says when it is wrong, and opens with the right one", async () => {
  await visit({ config }, async (visit) => {
    const { page, go } = visit;
    const key = await newKey(visit);
    await go("/server/health");
    await page.getByText("This server requires an API key.").waitFor();
    await isAccessible(page);
    await page.getByLabel("API key", { exact: true }).last().fill("sk-wrong");
    await page.getByRole("button", { name: "Open" }).click();
    await page.getByText("The key is not valid").waitFor();
    await page.getByLabel("API key", { exact: true }).last().fill(key);
    await page.getByRole("button", { name: "Open" }).click();
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    // What the page shows now, the server said.
    await page.getByText("Changes are stored").waitFor();
  });
});
