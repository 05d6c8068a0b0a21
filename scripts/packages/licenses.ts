/** The licenses of the packages that a release contains: what each says, and the texts that must go along. */
import { join } from "node:path";

/** What the package's own file says: an SPDX expression or a name. */
export async function licenseIn(folder: string): Promise<string | undefined> {
  const { license } = JSON.parse(await Deno.readTextFile(join(folder, "package.json")));
  return typeof license === "string" ? license : license?.type;
}

const LICENSE_FILE = /^(?:licen[cs]e|copying|notice)/i;

/** The license files of a package, one after another. */
async function textIn(folder: string): Promise<string> {
  const names: string[] = [];
  for await (const { name, isFile } of Deno.readDir(folder)) {
    if (isFile && LICENSE_FILE.test(name)) names.push(name);
  }
  const texts = names.sort().map((name) => Deno.readTextFile(join(folder, name)));
  return (await Promise.all(texts)).map((text) => text.trim()).join("\n\n");
}

/** One text with the licenses of all packages. */
export async function thirdPartyLicenses(
  packages: readonly { name: string; version: string; license: string | undefined; folder: string }[],
): Promise<string> {
  const parts = await Promise.all(packages.map(async ({ name, version, license, folder }) => {
    const text = await textIn(folder) || "The package contains no license text.";
    return `${name} ${version} (${license ?? "no license named"})\n\n${text}\n`;
  }));
  return parts.join(`\n${"-".repeat(80)}\n\n`);
}
