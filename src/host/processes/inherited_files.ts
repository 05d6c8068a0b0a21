/**
 * Files that this process has inherited open, such as a lock from `9>lock` in a shell. Children would inherit them in turn:
 * a daemon of an agent would hold the lock long after the server. What Deno itself opens is never inherited.
 */

const FIRST = 3;
const LAST = 0xffff_ffff;
/** The number of `close_range` on every processor that Deno runs on. Linux 5.9. */
const CLOSE_RANGE = 436;
/** Closes a file only in children. Linux 5.11. */
const CLOEXEC = 4;

/**
 * Keeps inherited files from children, except stdin, stdout and stderr. Returns whether that was possible: on Linux, with
 * the permission to call the C library, which only all permissions include.
 */
export function keepInheritedFiles(): boolean {
  if (Deno.build.os !== "linux") return false;
  if (Deno.permissions.querySync({ name: "ffi" }).state !== "granted") return false;
  try {
    // Older C libraries have no function for it.
    const { symbols, close } = Deno.dlopen("libc.so.6", {
      syscall: { parameters: ["i64", "u32", "u32", "u32"], result: "i64" },
    });
    const result = symbols.syscall(BigInt(CLOSE_RANGE), FIRST, LAST, CLOEXEC);
    close();
    return Number(result) === 0;
  } catch {
    // Another C library than glibc.
    return false;
  }
}
