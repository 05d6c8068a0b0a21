/** Clock ticks a second in /proc: `getconf CLK_TCK` is 100 on every Linux. */
const TICKS = 100;

/** The processor time of a process so far, all its threads together; undefined where there is no /proc. */
export async function processorSeconds(pid: number): Promise<number | undefined> {
  let stat: string;
  try {
    stat = await Deno.readTextFile(`/proc/${pid}/stat`);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  // After the program's name, which may contain anything, `utime` and `stime` are the 12th and 13th field.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}
