/** Removes a folder with all that an agent left in it, including folders that may not be written to. */

/**
 * Removes a folder and its content. Programs leave read-only folders, such as Go's module cache: where one is in the
 * way, the owner gets back the right to change it, and the removal is tried again. Links are removed, never followed.
 * Throws what the last try threw; nothing if there is no such folder.
 */
export async function removeTree(path: string): Promise<void> {
  try {
    await remove(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.PermissionDenied)) throw error;
    await openFolders(path);
    await remove(path);
  }
}

async function remove(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    const { NotFound, NotADirectory } = Deno.errors;
    // If a file has taken the place of a folder above, there is none either.
    if (!(error instanceof NotFound || error instanceof NotADirectory)) throw error;
  }
}

/** Lets the owner read, change and enter every folder of the tree. One that belongs to another account stays as it is. */
async function openFolders(root: string): Promise<void> {
  const folders = [root];
  for (let path = folders.pop(); path !== undefined; path = folders.pop()) {
    try {
      const { isDirectory, mode } = await Deno.lstat(path);
      if (!isDirectory) continue;
      if (mode !== null && (mode & 0o700) !== 0o700) await Deno.chmod(path, (mode & 0o7777) | 0o700);
      for await (const { name, isDirectory } of Deno.readDir(path)) {
        if (isDirectory) folders.push(`${path}/${name}`);
      }
    } catch (error) {
      const { NotFound, PermissionDenied } = Deno.errors;
      if (!(error instanceof PermissionDenied || error instanceof NotFound)) throw error;
    }
  }
}
