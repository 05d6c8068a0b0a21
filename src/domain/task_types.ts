/** The types of tasks. A new type is one entry here; nothing else lists them. */

export interface TaskTypeDefinition {
  /** The value of a task's `type`. */
  readonly name: string;
  /** The label in forms. */
  readonly title: string;
  /** What such a task is for, in one sentence. */
  readonly description: string;
}

/** In the order of the API document, which is also the sort order of lists. */
const BUILT_IN = [
  { name: "testing", title: "Testing", description: "Writes or runs tests." },
  {
    name: "documentation",
    title: "Documentation",
    description: "Writes or corrects documents and comments.",
  },
  { name: "analysis", title: "Analysis", description: "Examines the code and reports, without changing it." },
  { name: "deployment", title: "Deployment", description: "Releases a version to where it runs." },
  { name: "maintenance", title: "Maintenance", description: "Updates dependencies, tools and settings." },
  { name: "security", title: "Security", description: "Finds or fixes what an attacker could use." },
  {
    name: "refactoring",
    title: "Refactoring",
    description: "Improves the structure and keeps the behavior.",
  },
  { name: "feature", title: "Feature", description: "Adds something that users can do." },
  { name: "bugfix", title: "Bug fix", description: "Fixes what does not work as it should." },
  { name: "research", title: "Research", description: "Finds out what is not known yet." },
] as const satisfies readonly TaskTypeDefinition[];

type Name = (typeof BUILT_IN)[number]["name"];

const NAME = /^[a-zA-Z0-9_-]{1,40}$/;

/** The definitions by name. Throws for a malformed or duplicate name and for an empty text. */
export function taskTypeTable(
  definitions: readonly TaskTypeDefinition[] = BUILT_IN,
): ReadonlyMap<string, TaskTypeDefinition> {
  const table = new Map<string, TaskTypeDefinition>();
  for (const definition of definitions) {
    const { name, title, description } = definition;
    if (!NAME.test(name)) throw new Error(`a task type is named '${name}'`);
    if (table.has(name)) throw new Error(`there are two task types '${name}'`);
    if (title.trim() === "" || description.trim() === "") {
      throw new Error(`task type '${name}' has no title or no description`);
    }
    table.set(name, definition);
  }
  return table;
}

const TABLE = taskTypeTable();

export const TASK_TYPES = [...TABLE.keys()] as [Name, ...Name[]];

/** The type's label in forms. */
export function taskTypeTitle(name: Name): string {
  return TABLE.get(name)!.title;
}

/** Every type with its purpose, for the API reference. */
export const TASK_TYPES_TEXT = [...TABLE.values()]
  .map(({ name, description }) => `${name}: ${description}`)
  .join(" ");
