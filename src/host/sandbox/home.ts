/** The home folder of an agent in a sandbox: what it sees of the account's, or its own. */
import { isAbsolute, join } from "node:path";
import type { Sandbox } from "../../domain/sandbox.ts";
import { type HomeFacts, type KeptPlaces, SECRET_PLACES } from "./view.ts";

/** Finds, and makes, what belongs to it. `path`: the account's. `folder`: for what the agent keeps below the data folder. */
export async function homeFacts(
  path: string | undefined,
  { home }: Pick<Sandbox, "home">,
  folder: string,
): Promise<HomeFacts | undefined> {
  const real = path === undefined ? undefined : await Deno.realPath(path).catch(() => undefined);
  if (home === "own") {
    const own = await madeFolder(join(folder, "home"));
    return { path: real ?? "/nonexistent", kind: "own", own };
  }
  if (real === undefined) return undefined;
  const secrets = await Promise.all(SECRET_PLACES.map((name) => factsOf(join(real, name))));
  const known = secrets.filter((one) => one !== undefined);
  return {
    path: real,
    kind: "shared",
    secret_folders: known.filter(({ isDirectory }) => isDirectory).map(({ path }) => path),
    secret_files: known.filter(({ isDirectory }) => !isDirectory).map(({ path }) => path),
    caches: await madeFolder(join(folder, "caches")),
  };
}

/** The places with links resolved, made where they were missing. */
export async function madePlaces({ writes, guards }: KeptPlaces): Promise<KeptPlaces> {
  return { writes: await made(writes), guards: await made(guards) };
}

async function madeFolder(path: string): Promise<string> {
  await Deno.mkdir(path, { recursive: true, mode: 0o700 });
  return await Deno.realPath(path);
}

async function factsOf(path: string): Promise<{ path: string; isDirectory: boolean } | undefined> {
  try {
    // A link leads to where the secrets are.
    const real = await Deno.realPath(path);
    return { path: real, isDirectory: (await Deno.stat(real)).isDirectory };
  } catch {
    return undefined;
  }
}

/** The paths with links resolved, made where they were missing. What cannot be made cannot be used either, and is left out. */
async function made(paths: readonly string[]): Promise<string[]> {
  const there: string[] = [];
  // A home folder that is not known leads nowhere.
  for (const path of paths.filter(isAbsolute)) {
    try {
      await make(path);
      there.push(await Deno.realPath(path));
    } catch (error) {
      if (!(error instanceof Deno.errors.PermissionDenied)) throw error;
    }
  }
  return there;
}

async function make(path: string): Promise<void> {
  if (path.endsWith("/")) return await Deno.mkdir(path, { recursive: true, mode: 0o700 });
  await Deno.mkdir(join(path, ".."), { recursive: true, mode: 0o700 });
  try {
    // A file that says nothing.
    await Deno.writeTextFile(path, /\.json$/.test(path) ? "{}\n" : "", { createNew: true, mode: 0o600 });
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
  }
}
