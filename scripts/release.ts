/**
 * `deno task release [--output DIR]`: makes what is published, by default in dist. SHA256SUMS lists it, and release.json
 * says which files could not be made here, with the reason. Two runs make the same files.
 */
import { basename, join } from "node:path";
import manifest from "../deno.json" with { type: "json" };
import { compileBinary, NoBaseBinary } from "./compile_binary.ts";
import { outputOf } from "./output_folder.ts";
import { packClient } from "./packages/client.ts";
import { NAME, packProgram } from "./packages/program.ts";
import { testedDeno } from "./packages/tested_deno.ts";
import { sectionOf } from "./release/changelog.ts";
import { checksumOf } from "./release/checksum.ts";
import { materialsOf } from "./packages/materials.ts";
import { TARGETS } from "./release/targets.ts";
import { ROOT } from "./root.ts";

const { version } = manifest;
const SUMS = "SHA256SUMS";

interface Skipped {
  file: string;
  reason: string;
}

class Release {
  readonly #output: string;
  readonly #files: string[] = [];
  readonly #skipped: Skipped[] = [];

  constructor(output: string) {
    this.#output = output;
  }

  async make(): Promise<void> {
    // Those of an earlier run are wrong as soon as the first file is made.
    await Deno.mkdir(this.#output, { recursive: true });
    await Deno.writeTextFile(join(this.#output, SUMS), "");
    this.#made(await packProgram(this.#output));
    this.#made(await packClient(this.#output));
    for (const target of TARGETS) await this.#compile(target);
    const { sbom, licenses } = await materialsOf({ name: NAME, version });
    await this.#write(`${NAME}-${version}.cdx.json`, sbom);
    await this.#write(`${NAME}-${version}-licenses.txt`, licenses);
    // The image is built from this folder: it contains the package of this version.
    const container = await Deno.readTextFile(join(ROOT, "deploy/Containerfile"));
    await this.#write("Containerfile", container.replace(/^ARG VERSION$/m, `ARG VERSION=${version}`));
    for (const name of ["package.json", "package-lock.json"]) {
      await this.#write(`agents-${name}`, await Deno.readTextFile(join(ROOT, "deploy/agents", name)));
    }
    await this.#write(`${NAME}.service`, await Deno.readTextFile(join(ROOT, `deploy/${NAME}.service`)));
    await this.#describe();
  }

  async #compile({ platform, triple, suffix }: typeof TARGETS[number]): Promise<void> {
    const file = `${NAME}-${version}-${platform}${suffix}`;
    try {
      const { deno } = await compileBinary(join(this.#output, file), triple);
      this.#made(join(this.#output, file), `Deno ${deno}`);
    } catch (error) {
      if (!(error instanceof NoBaseBinary)) throw error;
      this.#skipped.push({ file, reason: error.message });
      console.log(`skipped ${file}: ${error.message}`);
    }
  }

  async #write(name: string, text: string): Promise<void> {
    await Deno.writeTextFile(join(this.#output, name), text);
    this.#made(join(this.#output, name));
  }

  #made(path: string, remark?: string): void {
    this.#files.push(basename(path));
    console.log(remark === undefined ? path : `${path} (${remark})`);
  }

  async #describe(): Promise<void> {
    const description = {
      name: NAME,
      version,
      deno: await testedDeno(),
      files: this.#files,
      skipped: this.#skipped,
    };
    await this.#write("release.json", JSON.stringify(description, null, 2) + "\n");
    const sums = await Promise.all(
      this.#files.toSorted().map(async (file) => `${await checksumOf(join(this.#output, file))}  ${file}\n`),
    );
    await Deno.writeTextFile(join(this.#output, SUMS), sums.join(""));
    console.log(join(this.#output, SUMS));
  }
}

/** Throws if this is not what should be published. */
async function check(): Promise<void> {
  sectionOf(await Deno.readTextFile(join(ROOT, "CHANGELOG.md")), version);
  const tested = await testedDeno();
  if (Deno.version.deno !== tested) {
    throw new Error(
      `this is Deno ${Deno.version.deno}, but ${tested} is tested: npx -y deno@${tested} task release`,
    );
  }
}

const { output } = outputOf("release");
try {
  await check();
  await new Release(output).make();
} catch (error) {
  console.error((error as Error).message);
  Deno.exit(1);
}
