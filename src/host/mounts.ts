/** The file systems that are mounted, as `/proc/self/mountinfo` of Linux lists them. Pure. */

export const MOUNTINFO = "/proc/self/mountinfo";

export interface Mount {
  /** Which folder of the file system is at that place. */
  root: string;
  /** Where it is mounted. */
  point: string;
  /** Of the mount, such as `noexec`. */
  options: readonly string[];
  /** Of the file system, such as `cgroup2`. */
  type: string;
  /** Of the file system. */
  super_options: readonly string[];
}

/** `text`: the content of a mountinfo file. Of two mounts at one point, the later hides the earlier. */
export function mountsIn(text: string): Mount[] {
  return text.split("\n").flatMap((line) => {
    const [before = "", after = ""] = line.split(" - ");
    const [, , , root, point, options = ""] = before.split(" ");
    const [type = "", , super_options = ""] = after.split(" ");
    if (root === undefined || point === undefined) return [];
    return [{
      root: unescaped(root),
      point: unescaped(point),
      options: options.split(","),
      type,
      super_options: super_options.split(","),
    }];
  });
}

/** White space and backslashes of a path are octal. */
function unescaped(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(parseInt(octal, 8)));
}
