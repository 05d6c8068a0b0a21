/** The documents that describe the API. Each is generated at its first request, because most servers get none. */
import { asyncApiDocument, schemaDocument } from "../../api/documents.ts";
import { DEPRECATIONS } from "../../protocol/deprecations.ts";
import type { KnownAgents } from "../../protocol/config.ts";
import { configSchema } from "../../protocol/config_reference.ts";
import { referencePage } from "./reference_page.ts";
import { securityHeaders } from "./security_headers.ts";
import type { Route } from "./route.ts";

export interface DocumentRoutesOptions {
  version: string;
  known_agents: KnownAgents;
}

export function documentRoutes({ version, known_agents }: DocumentRoutesOptions): Route[] {
  const page = once(() => referencePage(version, known_agents));
  return [
    jsonDocument("/schema.json", schemaDocument),
    jsonDocument("/deprecations.json", () => ({ deprecations: DEPRECATIONS })),
    jsonDocument("/config.schema.json", () => configSchema(known_agents)),
    jsonDocument("/asyncapi.json", () => asyncApiDocument(version)),
    {
      method: "GET",
      path: "/docs",
      permission: "none",
      handle: async ({ context }) =>
        context.html(await page(), 200, securityHeaders("style-src 'unsafe-inline'")),
    },
  ];
}

function jsonDocument(path: string, make: () => object): Route {
  const document = once(make);
  return { method: "GET", path, permission: "none", handle: document };
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
