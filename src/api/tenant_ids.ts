/** Ids of tasks and schedules as a tenant names them, and as the server does. Pure. */
import { ALL_TENANTS, DEFAULT_TENANT } from "../domain/tenant_id.ts";
import { isTenant, type Tenants } from "../domain/tenant.ts";
import { internalId, outerId, tenantOf } from "../domain/tenant_id.ts";

/** The fields of requests that name tasks or schedules. */
const IDS = new Set(["task_id", "task_ids", "dependencies"]);
/** What clients fill with anything, and what agents write. */
const FREE = new Set([
  "metadata",
  "env",
  "content",
  "parameters",
  "params",
  "description",
  "prompt",
  "text",
  "output",
  "title",
  "patch",
  "path",
  "branch",
  "value",
]);
/** The fields with texts that the server writes, which may name tasks. */
const TEXTS = new Set(["message", "reason", "advice", "markdown", "error"]);

const INTERNAL = /^([a-zA-Z0-9_-]{1,40})\+[a-zA-Z0-9_-]{1,100}$/;
const INTERNAL_IN_TEXT = /(?<![\w+-])([a-zA-Z0-9_-]{1,40})\+([a-zA-Z0-9_-]{1,100})/g;

/** The fields of what is shown that name tasks and schedules, alone or in a list. */
const SHOWN_IDS =
  /^(id|first|agents?|target|dependencies|dependents|available_tasks|cycle)$|(task|schedule|run|dependency|parent)_ids?$/;

type Fields = Record<string, unknown>;

/** The request with the server's own ids in place of those of its tenant. */
export function withInnerIds<T extends object>(type: string, request: T, tenant: string): T {
  // The requests in a batch are translated one by one.
  if (tenant === DEFAULT_TENANT || tenant === ALL_TENANTS || type === "batch") return request;
  const inner = (id: unknown) => typeof id === "string" ? internalId(tenant, id) : id;
  const ids = (value: unknown) => Array.isArray(value) ? value.map(inner) : inner(value);
  const walk = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(walk);
    if (!isFields(value)) return value;
    return mapped(value, (key, one) => FREE.has(key) ? one : IDS.has(key) ? ids(one) : walk(one));
  };
  const found = walk(request) as Fields;
  switch (type) {
    case "start_task":
    case "schedule_task":
      found.task = mapped(found.task as Fields, (key, one) => key === "id" ? inner(one) : one);
      break;
    case "start_from_template":
      if (found.id !== undefined) found.id = inner(found.id);
      break;
    case "request_log_entries":
      found.filter = ofAgent(found.filter, ids);
      break;
    case "subscribe_to_updates":
      found.filters = isFields(found.filters)
        ? { ...found.filters, log_entries: ofAgent(found.filters.log_entries, ids) }
        : found.filters;
      break;
  }
  return found as T;
}

/** In filters of the log, `agent` is a task's id. */
function ofAgent(filter: unknown, ids: (value: unknown) => unknown): unknown {
  if (!isFields(filter)) return filter;
  return mapped(filter, (key, one) => key === "agent" || key === "agents" ? ids(one) : one);
}

/**
 * A reply or push as those of `tenant` may see it: with their own ids, and without those of other tenants. `*`: with the ids of
 * all tenants, and the tenant beside each. What one tenant is shown does not depend on which others there are: somebody who
 * writes `acme+x` into a text must not see by it whether there is a tenant `acme`.
 */
export function withOuterIds<T extends object>(message: T, tenant: string, tenants: Tenants): T {
  const isOwn = (whose: string) => tenant === ALL_TENANTS ? isTenant(whose, tenants) : whose === tenant;
  const isOwnId = (text: string) => isOwn(INTERNAL.exec(text)?.[1] ?? "");
  const inText = (text: string) =>
    text.replace(INTERNAL_IN_TEXT, (all, whose: string, id: string) => isOwn(whose) ? id : all);
  const walk = (value: unknown, key: string): unknown => {
    if (typeof value === "string") {
      if (FREE.has(key)) return value;
      if (isOwnId(value)) return outerId(value);
      if (tenant !== ALL_TENANTS && SHOWN_IDS.test(key) && INTERNAL.test(value)) return undefined;
      return TEXTS.has(key) && value.includes("+") ? inText(value) : value;
    }
    if (Array.isArray(value)) {
      if (value.every((one) => typeof one !== "string")) return value.map((one) => walk(one, key));
      return value.map((one) => walk(one, key)).filter((one) => one !== undefined);
    }
    if (!isFields(value) || FREE.has(key)) return value;
    const shown: Fields = {};
    for (const [name, one] of Object.entries(value)) {
      shown[isOwnId(name) ? outerId(name) : name] = walk(one, name);
    }
    if (tenant === ALL_TENANTS) addTenant(shown, value);
    return shown;
  };
  return walk(message, "") as T;
}

/** Adds whose it is to what is about one task. */
function addTenant(shown: Fields, { id, task_id, status, priority, agent, tenant }: Fields): void {
  if (tenant !== undefined) return;
  const about = [task_id, id, agent].find((one) => typeof one === "string" && INTERNAL.test(one)) ??
    (status !== undefined && priority !== undefined ? id : undefined);
  if (typeof about === "string") shown.tenant = tenantOf(about);
}

function mapped(fields: Fields, of: (key: string, value: unknown) => unknown): Fields {
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, of(key, value)]));
}

function isFields(value: unknown): value is Fields {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}
