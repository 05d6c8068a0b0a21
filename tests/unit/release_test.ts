/** What is published: the locked packages, the bill of materials, and the version that is released. */
import { Ajv } from "ajv";
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import manifest from "../../deno.json" with { type: "json" };
import { closureOf, lockedPackages } from "../../scripts/packages/deno_lock.ts";
import { materialsOf } from "../../scripts/packages/materials.ts";
import { testedDeno } from "../../scripts/packages/tested_deno.ts";
import { sectionOf } from "../../scripts/release/changelog.ts";
import { fileNames, ROOT } from "./fixtures/sources.ts";

const read = (name: string) => Deno.readTextFile(join(ROOT, name));

const entry = (dependencies: string[] = []) => ({ integrity: "sha512-AAAA", dependencies });

Deno.test("release: what a package needs is what is locked for it", () => {
  const packages = lockedPackages({
    specifiers: {},
    npm: {
      "a@1.0.0": entry(["b@1.0.0", "@s/c"]),
      "b@1.0.0": entry(),
      "b@2.0.0": entry(["d"]),
      "@s/c@3.0.0_b@2.0.0": entry(["b@2.0.0"]),
      "d@1.0.0": entry(["b@1.0.0"]),
      "unused@1.0.0": entry(),
    },
  });
  assert.deepEqual(closureOf(["a@1.0.0"], packages), [
    "@s/c@3.0.0_b@2.0.0",
    "a@1.0.0",
    "b@1.0.0",
    "b@2.0.0",
    "d@1.0.0",
  ]);
  assert.throws(() => lockedPackages({ specifiers: {}, npm: { "a@1.0.0": entry(["none"]) } }), /no none/);
});

Deno.test("release: a version without a section in the changelog is refused", async () => {
  assert.equal(
    sectionOf("# Changelog\n\n## 1.1.0 - 2026-01-01\n\nNew.\n\n## 1.0.0\n\nOld.\n", "1.1.0"),
    "New.",
  );
  assert.equal(sectionOf("## [1.0.0]\nOld.\n", "1.0.0"), "Old.");
  assert.throws(() => sectionOf("## 1.0.0\n\n## 0.9.0\n\nOld.\n", "1.0.0"), /no section for 1\.0\.0/);
  assert.throws(() => sectionOf("## 1.0.01\n\nText.\n", "1.0.0"), /no section/);
  assert.ok(sectionOf(await read("CHANGELOG.md"), manifest.version).length > 100);
});

Deno.test("release: every file that starts Deno by npx starts the version that is tested", async () => {
  const tested = await testedDeno();
  for (const name of await fileNames()) {
    if (!/\.(?:md|ts|json)$|Containerfile$|^\.ci\//.test(name)) continue;
    const named = [...(await read(name)).matchAll(/npx -y deno@([\d.]+\d)/g)].map(([, version]) => version);
    assert.deepEqual(named.filter((version) => version !== tested), [], name);
  }
});

/** The official schema of CycloneDX, which its library contains, with those that it refers to. */
async function schemaOfSbom(version: string): Promise<(value: unknown) => string[]> {
  const library = dirname(
    createRequire(import.meta.url).resolve("@cyclonedx/cyclonedx-library/package.json"),
  );
  const schema = async (name: string) =>
    JSON.parse(await Deno.readTextFile(join(library, "res/schema", `${name}.SNAPSHOT.schema.json`)));
  // Its formats (such as iri-reference) are not in ajv itself.
  const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
  for (const name of ["spdx", "jsf-0.82", "cryptography-defs"]) {
    // The schemas refer to each other by the names of their files.
    const { $id: _, ...named } = await schema(name);
    ajv.addSchema(named, `http://cyclonedx.org/schema/${name}.SNAPSHOT.schema.json`);
  }
  const validate = ajv.compile(await schema(`bom-${version}`));
  return (value) =>
    validate(value) ? [] : validate.errors!.map((error) => `${error.instancePath} ${error.message}`);
}

interface Sbom {
  specVersion: string;
  metadata: { component: { name: string; version: string } };
  components: {
    name: string;
    version: string;
    hashes?: unknown[];
    licenses?: unknown[];
    "bom-ref": string;
  }[];
  dependencies: { ref: string; dependsOn?: string[] }[];
}

Deno.test("release: the bill of materials is valid CycloneDX and has every package with its license", async () => {
  const { sbom: text, licenses } = await materialsOf({ name: "opencode-agents", version: "1.2.3" });
  const sbom: Sbom = JSON.parse(text);
  const problems = await schemaOfSbom(sbom.specVersion);
  assert.deepEqual(problems(sbom), []);
  assert.notDeepEqual(problems({ ...sbom, components: [{ type: "library" }] }), []);
  assert.equal(sbom.metadata.component.version, "1.2.3");

  const packages = sbom.components.filter(({ name }) => name !== "deno");
  const names = packages.map(({ name }) => name);
  // One of the server, one that another needs, one of the dashboard, and one that is no module.
  for (const name of ["zod", "express", "preact", "@fontsource-variable/inter"]) {
    assert.ok(names.includes(name), name);
  }
  // Those of the tests are not published.
  for (const name of ["playwright-core", "fast-check", "typescript"]) assert.ok(!names.includes(name), name);
  for (const { name, version, hashes, licenses: named } of packages) {
    assert.equal(hashes?.length, 1, name);
    assert.equal(named?.length, 1, name);
    assert.ok(licenses.includes(`${name} ${version} (`), name);
  }
  const refs = new Set(sbom.components.map((component) => component["bom-ref"]));
  for (const { dependsOn = [] } of sbom.dependencies) {
    for (const ref of dependsOn) assert.ok(refs.has(ref), ref);
  }
  assert.match(licenses, /Permission is hereby granted, free of charge/);
});
