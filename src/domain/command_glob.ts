/** Globs of commands: `*` is anything, also nothing, `?` one character, `{a,b}` a choice. All else means itself. Pure. */

/** More choices than a glob may lead to. */
const MOST_CHOICES = 100;

/** A glob that leads to more choices than are looked at matches nothing. */
export function matchesCommand(glob: string, command: string): boolean {
  return (choicesOf(glob) ?? []).some((one) => matches(one, command));
}

/** Whether the glob leads to more choices than are looked at. */
export function hasTooManyChoices(glob: string): boolean {
  return choicesOf(glob) === undefined;
}

function choicesOf(glob: string): string[] | undefined {
  const done: string[] = [];
  const todo = [glob];
  for (let one = todo.pop(); one !== undefined; one = todo.pop()) {
    if (done.length + todo.length >= MOST_CHOICES) return undefined;
    const braces = /\{([^{}]*,[^{}]*)\}/.exec(one);
    if (braces === null) {
      done.push(one);
      continue;
    }
    const before = one.slice(0, braces.index);
    const after = one.slice(braces.index + braces[0].length);
    for (const choice of braces[1]!.split(",")) todo.push(before + choice + after);
  }
  return done;
}

/** Goes back to the last star only, so that no glob and no command take long. */
function matches(glob: string, text: string): boolean {
  let g = 0;
  let t = 0;
  let star = -1;
  let from = 0;
  while (t < text.length) {
    if (glob[g] === "*") {
      star = g++;
      from = t;
    } else if (g < glob.length && (glob[g] === "?" || glob[g] === text[t])) {
      g++;
      t++;
    } else if (star >= 0) {
      g = star + 1;
      t = ++from;
    } else return false;
  }
  while (glob[g] === "*") g++;
  return g === glob.length;
}
