/** Whether a folder may be entered, found by trying. */

/**
 * Throws the system's error for a folder that may not be entered, and for what is no folder; nothing for one that is
 * not there. A name is looked up in it, any but `.`: with named permissions Deno cuts that off before it asks the system.
 */
export async function enterFolder(path: string): Promise<void> {
  try {
    await Deno.lstat(`${path}/.git`);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
