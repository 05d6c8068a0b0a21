/** Peers that are npm packages: installed into a temporary folder, and run in Node, where their users run them. */

/** A peer that this machine does not have; the message says how to get it. */
export class MissingPeer extends Error {}

export interface NodePeer {
  /** The temporary folder. */
  dir: string;
  /** Runs an ES module and returns what it printed, parsed as JSON. It must end by itself. */
  run<T>(module: string): Promise<T>;
}

/** Programs that a peer needs, each with where it comes from. */
type Programs = Readonly<Record<string, string>>;

const NODE: Programs = { node: "nodejs.org", npm: "nodejs.org" };

/** Installs npm packages, such as `bullmq@6.7.0`, for `body`. Throws `MissingPeer` if this machine cannot. */
export async function withNodePackages<T>(
  packages: readonly string[],
  programs: Programs,
  body: (peer: NodePeer) => Promise<T>,
): Promise<T> {
  for (const [program, source] of Object.entries({ ...NODE, ...programs })) {
    if (await output(program, ["--version"]) === undefined) {
      throw new MissingPeer(`${packages[0]} was not measured: it needs ${program} (${source})`);
    }
  }
  const dir = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${dir}/package.json`, "{}");
    const install = ["install", "--no-audit", "--no-fund", "--silent", "--prefix", dir, ...packages];
    if (await output("npm", install) === undefined) {
      throw new MissingPeer(`${packages[0]} was not measured: 'npm install ${packages.join(" ")}' fails`);
    }
    return await body({
      dir,
      async run(module) {
        await Deno.writeTextFile(`${dir}/bench.mjs`, module);
        const printed = await output("node", [`${dir}/bench.mjs`], { stderr: "inherit" });
        if (printed === undefined) throw new Error(`the module for ${packages[0]} has failed`);
        return JSON.parse(printed);
      },
    });
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** What `measure` returns; why the peer is not there, if it is not. */
export async function orWhyMissing(measure: () => Promise<string>): Promise<string> {
  try {
    return await measure();
  } catch (error) {
    if (error instanceof MissingPeer) return error.message;
    throw error;
  }
}

/** What the program prints; undefined if it is missing or fails. */
export async function output(
  program: string,
  args: string[],
  options: Pick<Deno.CommandOptions, "stderr" | "uid" | "gid" | "cwd"> = {},
): Promise<string | undefined> {
  try {
    const command = new Deno.Command(program, { args, stdin: "null", stderr: "null", ...options });
    const { success, stdout } = await command.output();
    return success ? new TextDecoder().decode(stdout) : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
