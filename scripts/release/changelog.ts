/** What the changelog says about a version. Pure. */

/** The section of this version, without its heading. Throws if there is none, or nothing in it. */
export function sectionOf(changelog: string, version: string): string {
  for (const section of changelog.split(/^(?=## )/m)) {
    const [heading, ...lines] = section.split("\n");
    if (/^## \[?([^\s\]]+)/.exec(heading!)?.[1] !== version) continue;
    const text = lines.join("\n").trim();
    if (text !== "") return text;
  }
  throw new Error(
    `CHANGELOG.md has no section for ${version}: write one, or correct the version in deno.json`,
  );
}
