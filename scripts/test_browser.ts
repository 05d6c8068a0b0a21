/** One Chromium for all browser tests of a run. Each test connects to it and gets its own context. */
import packed from "@sparticuz/chromium";
import { chromium, type LaunchOptions } from "playwright-core";

/** Tells the tests where the Chromium of this run listens. */
export const BROWSER_VARIABLE = "TEST_BROWSER";

/** How to start Chromium. `CHROMIUM_PATH` replaces npm's Chromium, which is for Linux only. */
export async function launchOptions(): Promise<LaunchOptions> {
  return {
    executablePath: Deno.env.get("CHROMIUM_PATH") ?? await packed.executablePath(),
    args: ["--no-sandbox", "--disable-dev-shm-usage", "--use-gl=angle", "--use-angle=swiftshader"],
    headless: true,
  };
}

export interface SharedBrowser {
  endpoint: string;
  close(): Promise<void>;
}

export async function startBrowser(): Promise<SharedBrowser> {
  // A signal ends the run as usual. That closes Chromium's pipe to this process, and Chromium ends, too.
  const signals = { handleSIGINT: false, handleSIGTERM: false, handleSIGHUP: false };
  const server = await chromium.launchServer({ ...await launchOptions(), ...signals, host: "127.0.0.1" });
  return { endpoint: server.wsEndpoint(), close: () => server.close() };
}
