/** The software bill of materials of a release, as CycloneDX. Pure: the same packages give the same text. */
import { Contrib, Enums, Models, Serialize, Spec } from "@cyclonedx/cyclonedx-library";
import { Buffer } from "node:buffer";
import type { LockedPackages } from "./deno_lock.ts";

export interface Materials {
  name: string;
  version: string;
  /** The version of Deno that it runs in. */
  deno: string;
  /** The ids of the packages that it imports. */
  imported: readonly string[];
  /** The ids of these and of all that they need. */
  ids: readonly string[];
  packages: LockedPackages;
  /** What a package says its license is, by id, if it says so. */
  licenses: ReadonlyMap<string, string>;
}

export function sbomOf({ name, version, deno, imported, ids, packages, licenses }: Materials): string {
  const bom = new Models.Bom();
  const program = new Models.Component(Enums.ComponentType.Application, name, {
    version,
    bomRef: purlOf(name, version),
    purl: purlOf(name, version),
  });
  bom.metadata.component = program;
  const components = new Map(ids.map((id) => [id, componentOf(id, packages, licenses.get(id))]));
  for (const [id, component] of components) {
    bom.components.add(component);
    const { dependencies, optional } = packages.get(id)!;
    for (const dependency of [...dependencies, ...optional]) {
      component.dependencies.add(components.get(dependency)!.bomRef);
    }
  }
  for (const id of imported) program.dependencies.add(components.get(id)!.bomRef);
  const runtime = new Models.Component(Enums.ComponentType.Platform, "deno", {
    version: deno,
    bomRef: purlOf("deno", deno),
    purl: purlOf("deno", deno),
    licenses: new Models.LicenseRepository([licenseOf("MIT")]),
  });
  bom.components.add(runtime);
  program.dependencies.add(runtime.bomRef);
  const serializer = new Serialize.JsonSerializer(new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6));
  return serializer.serialize(bom, { sortLists: true, space: 2 }) + "\n";
}

function componentOf(id: string, packages: LockedPackages, license: string | undefined): Models.Component {
  const { name, version, integrity } = packages.get(id)!;
  const [, algorithm, base64] = /^(sha\d+)-(.+)$/.exec(integrity)!;
  return new Models.Component(Enums.ComponentType.Library, name, {
    version,
    bomRef: id,
    purl: purlOf(name, version),
    hashes: new Models.HashDictionary([[
      HASHES[algorithm!]!,
      Buffer.from(base64!, "base64").toString("hex"),
    ]]),
    licenses: new Models.LicenseRepository(license === undefined ? [] : [licenseOf(license)]),
  });
}

const HASHES: Record<string, Enums.HashAlgorithm> = {
  sha512: Enums.HashAlgorithm["SHA-512"],
  sha1: Enums.HashAlgorithm["SHA-1"],
};

/** One of the SPDX list, an expression of several, or else a name. */
function licenseOf(text: string): Models.License {
  const factory = new Contrib.License.Factories.LicenseFactory((expression) => {
    if (!/ (?:AND|OR|WITH) /.test(expression)) throw new RangeError("one license, not an expression");
  });
  return factory.makeFromString(text);
}

/** The package URL of an npm package. */
function purlOf(name: string, version: string): string {
  return `pkg:npm/${name.replace("@", "%40")}@${version}`;
}
