/** The dashboard of a server that wants keys. */
import { TestCertificates } from "../fixtures/certificates.ts";
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

Deno.test("dashboard: lists keys and sessions, makes, rotates and revokes keys, and signs out", async () => {
  await visit({ config }, async (visit) => {
    const { page, go } = visit;
    const [program, ...args] = visit.server.commandOf(
      ...["keys", "create", "me", "--permissions", "read,write,admin", "--json", "--data", visit.server.data],
    );
    const { stdout } = await new Deno.Command(program!, { args, stdin: "null" }).output();
    await go("/server/access");
    await page.getByLabel("API key", { exact: true }).last().fill(
      JSON.parse(new TextDecoder().decode(stdout)).api_key,
    );
    await page.getByRole("button", { name: "Open" }).click();
    await page.getByRole("region", { name: "Sessions" }).getByText("this page").waitFor();
    await isAccessible(page);
    await page.getByRole("button", { name: "New key…" }).click();
    await page.getByLabel("What it is for").fill("ci");
    await page.getByRole("button", { name: "Create" }).click();
    await page.getByRole("dialog").getByText(/^sk-/).waitFor();
    await page.getByRole("button", { name: "I have it" }).click();
    await page.getByRole("button", { name: "Rotate ci" }).click();
    await page.getByRole("button", { name: "Rotate", exact: true }).click();
    await page.getByRole("dialog").getByText(/^sk-/).waitFor();
    await page.getByRole("button", { name: "I have it" }).click();
    await page.getByRole("button", { name: "Revoke ci" }).click();
    await page.getByRole("button", { name: "Revoke", exact: true }).click();
    await page.getByRole("row", { name: /ci/ }).getByText(/revoked/).waitFor();
    // Three wrong keys within a minute are an alert.
    for (let i = 0; i < 3; i++) {
      const wrong = {
        method: "POST",
        headers: { authorization: `Bearer sk-wrong-${i}` },
        body: '{"type":"ping"}',
      };
      await (await fetch(`${visit.server.url}/api`, wrong)).body?.cancel();
    }
    await page.getByRole("row", { name: /Wrong keys.*127\.0\.0\.1.*medium/ }).waitFor();
    await isAccessible(page);
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByText("This server requires an API key.").waitFor();
  });
});

Deno.test("dashboard: the owner's link signs a browser in, once, and leaves no trace in the address", async () => {
  await visit({ config }, async ({ page, server }) => {
    const [, link] = /To sign a browser in, once and within 15 minutes: (\S+)/.exec(server.stderr)!;
    await page.goto(link!);
    await page.getByRole("link", { name: "Tasks" }).first().waitFor();
    await page.waitForFunction(() => sessionStorage.getItem("opencode-agents.key") !== null);
    await page.reload();
    await page.getByRole("heading", { name: "Tasks" }).first().waitFor();
    if (page.url().includes("sign-in")) throw new Error(`the token stays in ${page.url()}`);
    await page.evaluate(() => sessionStorage.clear());
    await page.goto("about:blank");
    await page.goto(link!);
    await page.getByText("This link was used before or has expired.").waitFor();
    const [program, ...args] = server.commandOf("link", "--data", server.data);
    const { stdout } = await new Deno.Command(program!, { args, stdin: "null" }).output();
    await page.goto("about:blank");
    await page.goto(new TextDecoder().decode(stdout).trim());
    await page.waitForFunction(() => sessionStorage.getItem("opencode-agents.key") !== null);
  });
});

Deno.test("dashboard: over https, with version 2 of the API, the owner's link opens it, and it stays connected", async () => {
  const dir = await Deno.makeTempDir({ prefix: "oa-https-" });
  try {
    const certificates = await TestCertificates.create(dir);
    await certificates.serve();
    const server = { api: "v2", tls: certificates.files };
    const options = { config: { ...config, server }, context: { ignoreHTTPSErrors: true } };
    await visit(options, async ({ page, server, go, picture }) => {
      const [, link] = /To sign a browser in, once and within 15 minutes: (https:\S+)/.exec(server.stderr)!;
      await page.goto(link!);
      await page.getByRole("heading", { name: "Tasks" }).first().waitFor();
      await go("/server/access");
      await page.getByRole("region", { name: "Sessions" }).getByText("this page").waitFor();
      await picture("access_over_https");
      // Nothing was asked before the link had signed in.
      await page.getByRole("dialog").waitFor({ state: "hidden" });
      await go("/server/audit");
      await page.getByRole("row", { name: /owner.*authenticate/ }).first().waitFor();
      if (await page.getByText("AUTHENTICATION_REQUIRED").count() > 0) throw new Error("a page asked before");
      await picture("audit_over_https");
      await isAccessible(page);
    });
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
