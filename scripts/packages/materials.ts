/** What a release is made of: the packages that the program and the dashboard's files contain. */
import { FONTS } from "../dashboard.ts";
import { contentsOf, ownLock } from "./contents.ts";
import { closureOf, importedId, lockedPackages } from "./deno_lock.ts";
import { testedDeno } from "./tested_deno.ts";
import { licenseIn, thirdPartyLicenses } from "./licenses.ts";
import { sbomOf } from "./sbom.ts";

const ENTRIES = ["main.ts", "src/dashboard/main.tsx"];

/** The bill of materials and the license texts of the release, as texts. */
export async function materialsOf(
  release: { name: string; version: string },
): Promise<{ sbom: string; licenses: string }> {
  const contents = await contentsOf(ENTRIES);
  const lock = await ownLock();
  const packages = lockedPackages(lock);
  const fonts = Object.values(FONTS).map((file) => importedId(lock, file.split("/").slice(0, 2).join("/")));
  const imported = [...new Set([...contents.imported, ...fonts])];
  const ids = closureOf(imported, packages);
  const licenses = new Map<string, string>();
  for (const id of ids) {
    const license = await licenseIn(contents.folders.get(id)!);
    if (license !== undefined) licenses.set(id, license);
  }
  const described = ids.map((id) => {
    const { name, version } = packages.get(id)!;
    return { name, version, license: licenses.get(id), folder: contents.folders.get(id)! };
  });
  return {
    sbom: sbomOf({ ...release, deno: await testedDeno(), imported, ids, packages, licenses }),
    licenses: await thirdPartyLicenses(described),
  };
}
