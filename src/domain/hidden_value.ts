/** Values that clients may set and nobody is shown: variables and headers, which may be secrets. Pure. */

/** Stands for a value that is not shown. */
export const HIDDEN = "***";

type Values = Record<string, string> | undefined;

/** An execution, as far as it holds such values. */
interface Holder {
  env?: Values;
  mcp_servers?: { name: string; env?: Values; headers?: Values }[];
}

/** The same names without their values. */
export function hidden(values: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.keys(values).map((name) => [name, HIDDEN]));
}

/** What a client sends back of what it was shown, with the values that it was not shown: those of `old`. */
export function keepingHidden<Wanted extends Holder>(wanted: Wanted, old: Holder = {}): Wanted {
  const kept = { ...wanted };
  if (wanted.env !== undefined) kept.env = filled(wanted.env, old.env);
  if (wanted.mcp_servers !== undefined) {
    kept.mcp_servers = wanted.mcp_servers.map((server) => {
      const before = old.mcp_servers?.find(({ name }) => name === server.name);
      const { env, headers } = server;
      return {
        ...server,
        ...env && { env: filled(env, before?.env) },
        ...headers && { headers: filled(headers, before?.headers) },
      };
    });
  }
  return kept;
}

/** The fields of an execution, and the names in them, whose values are not known. */
export function unknownValues({ env, mcp_servers = [] }: Holder): { field: string; names: string[] }[] {
  const fields: [string, Values][] = [
    ["env", env],
    ...mcp_servers.flatMap((server, i): [string, Values][] => [
      [`mcp_servers[${i}].env`, server.env],
      [`mcp_servers[${i}].headers`, server.headers],
    ]),
  ];
  return fields.flatMap(([field, values]) => {
    const names = Object.entries(values ?? {}).flatMap(([name, value]) => value === HIDDEN ? [name] : []);
    return names.length > 0 ? [{ field, names }] : [];
  });
}

function filled(values: Record<string, string>, old: Values): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).map((
      [name, value],
    ) => [name, value === HIDDEN && old && Object.hasOwn(old, name) ? old[name]! : value]),
  );
}
