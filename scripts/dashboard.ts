/** The web page as files that a browser loads, in `dist/dashboard`. */
import { join } from "node:path";
import { builtFolder, type Recipe } from "./built_folder.ts";
import { denoBundle } from "./deno_bundle.ts";
import { ROOT } from "./root.ts";

const COPIED = ["index.html", "icon.svg", "fonts.css"];
/** The Latin subsets of the typefaces, under the names that `fonts.css` uses. */
export const FONTS = {
  "inter.woff2": "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2",
  "jetbrains_mono.woff2": "@fontsource-variable/jetbrains-mono/files/jetbrains-mono-latin-wght-normal.woff2",
};

const DASHBOARD: Recipe = {
  name: "dashboard",
  inputs: [
    "src/dashboard",
    "src/client",
    "src/clock",
    "src/domain",
    "src/protocol",
    "deno.json",
    "deno.lock",
    "scripts/dashboard.ts",
    "scripts/deno_bundle.ts",
  ],
  entry: "index.html",
  async make(folder) {
    await denoBundle("src/dashboard/main.tsx", folder, ["--platform", "browser", "--minify"]);
    for (const name of COPIED) await Deno.copyFile(join(ROOT, "src/dashboard", name), join(folder, name));
    // Only here: a start that builds nothing need not wait for it.
    const { resolve } = (await import("node:module")).createRequire(import.meta.url);
    for (const [name, font] of Object.entries(FONTS)) await Deno.copyFile(resolve(font), join(folder, name));
  },
};

/** Bundles the page if it is not up to date. Resolves to the folder with the files. */
export function buildDashboard(): Promise<string> {
  return builtFolder(DASHBOARD);
}
