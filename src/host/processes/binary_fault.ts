/** Why Linux cannot run a file that is no script: what the header of a binary says. */

/** What is wrong with a file that should be run, and what to do about it: two sentences without their full stops. */
export interface Fault {
  /** For programs: `missing`, `not_executable`, `bad_interpreter` and so on. */
  reason: string;
  problem: string;
  advice: string;
}

const ELF = [0x7f, 0x45, 0x4c, 0x46];
const HEADER_BYTES = 64;
/** The `p_type` of the header that names the loader. */
const INTERPRETER = 3;

/** The `e_machine` values that a processor runs, its 32-bit ones included. */
const MACHINES: Record<string, number[]> = { x86_64: [62, 3], aarch64: [183, 40] };
const MACHINE_NAMES: Record<number, string> = {
  3: "32-bit x86",
  8: "MIPS",
  20: "PowerPC",
  21: "64-bit PowerPC",
  22: "s390",
  40: "32-bit Arm",
  62: "x86-64",
  183: "64-bit Arm",
  243: "RISC-V",
  258: "LoongArch",
};

/** Formats that the kernel has been taught, such as other processors' programs through an emulator. */
const MORE_FORMATS = "/proc/sys/fs/binfmt_misc";

/** `head`: the beginning of the file. Undefined on other systems, whose formats are not known here. */
export async function binaryFault(path: string, head: Uint8Array): Promise<Fault | undefined> {
  if (Deno.build.os !== "linux") return undefined;
  const found = ELF.every((byte, at) => head[at] === byte) ? await elfFault(path, head) : {
    reason: "unknown_format",
    problem: `'${path}' is neither a program of this system nor a script with a first line such as #!/bin/sh`,
    advice: "add that line, or install the program again",
  };
  return found?.reason === "no_loader" || !await hasMoreFormats() ? found : undefined;
}

async function elfFault(path: string, head: Uint8Array): Promise<Fault | undefined> {
  if (head.length < HEADER_BYTES) {
    const problem = `'${path}' is only the beginning of a program`;
    return { reason: "damaged", problem, advice: "install the program again" };
  }
  const view = new DataView(head.buffer, head.byteOffset, head.length);
  const little = head[5] === 1;
  const machine = view.getUint16(18, little);
  if (MACHINES[Deno.build.arch]?.includes(machine) === false) {
    const made_for = MACHINE_NAMES[machine] ?? `another processor (ELF machine ${machine})`;
    return {
      reason: "wrong_architecture",
      problem: `'${path}' is a program for ${made_for}, and this machine is ${Deno.build.arch}`,
      advice: "install the program for this machine",
    };
  }
  const loader = head[4] === 2 ? loaderOf(view, little) : undefined;
  if (loader === undefined || await exists(loader)) return undefined;
  return {
    reason: "no_loader",
    problem: `'${path}' needs the loader '${loader}', which this system does not have`,
    advice: loader.includes("musl")
      ? "install the program for glibc, or musl"
      : "install the program for this system; it may be meant for glibc on a system with musl",
  };
}

/** The path of the loader that a 64-bit program names; undefined if it names none at its beginning. */
function loaderOf(view: DataView, little: boolean): string | undefined {
  const table = Number(view.getBigUint64(32, little));
  const size = view.getUint16(54, little);
  const count = view.getUint16(56, little);
  for (let at = table, left = count; left > 0 && at + 40 <= view.byteLength; at += size, left--) {
    if (view.getUint32(at, little) !== INTERPRETER) continue;
    const start = Number(view.getBigUint64(at + 8, little));
    const end = start + Number(view.getBigUint64(at + 32, little)) - 1;
    if (end > view.byteLength || end <= start) return undefined;
    return new TextDecoder().decode(new Uint8Array(view.buffer, view.byteOffset + start, end - start));
  }
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, (error) => !(error instanceof Deno.errors.NotFound));
}

async function hasMoreFormats(): Promise<boolean> {
  try {
    for await (const { name } of Deno.readDir(MORE_FORMATS)) {
      if (name !== "register" && name !== "status") return true;
    }
  } catch {
    // Not mounted, or not for us to see: then none is known.
  }
  return false;
}
