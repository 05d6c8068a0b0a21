/** `/hooks/NAME`: takes the deliveries of webhooks. Whoever knows the template's secret may start its task. */
import type { Auditor } from "../../access/auditor.ts";
import { describeAction } from "../../store/audit/audited_action.ts";
import { ERRORS } from "../../domain/errors.ts";
import type { HookAnswer, Hooks } from "../../engine/templates/hooks.ts";
import { hookActor } from "../../domain/actor.ts";
import { errorReply } from "../../api/error_reply.ts";
import type { Clock } from "../../clock/clock.ts";
import { readBytes } from "./body.ts";
import type { Route } from "./route.ts";

const NOT_FOUND = 404;
const ACCEPTED = 202;
const NO_CONTENT = 204;
const UNPROCESSABLE = 422;

const PREFIX = "/hooks/";

/** Whether this is the path of a hook. */
export function isHook(path: string): boolean {
  return path.startsWith(PREFIX);
}

export interface HookRouteOptions {
  hooks: Pick<Hooks, "find" | "receive">;
  clock: Clock;
  max_message_bytes: number;
  /** Absent if no audit log is kept. */
  audit?: Pick<Auditor, "during">;
}

export function hookRoute({ hooks, clock, max_message_bytes, audit }: HookRouteOptions): Route {
  return {
    method: "POST",
    path: `${PREFIX}:name`,
    permission: "none",
    handle: async ({ context, session }) => {
      const name = context.req.param("name") ?? "";
      const hook = hooks.find(name);
      if (!hook) {
        session.limits.message();
        return Response.json({ error: `There is no hook '${name}'` }, { status: NOT_FOUND });
      }
      const header = (name: string) => context.req.header(name);
      let isSigned = false;
      try {
        const arrived = {
          body: await readBytes(context.req.raw, max_message_bytes),
          signature: header("x-hub-signature-256"),
          event: header("x-github-event"),
          // One that is empty names nothing.
          delivery_id: header("x-github-delivery") || header("x-delivery-id") || undefined,
        };
        const counting = {
          count: () => session.limits.operation("tasks_per_minute"),
          signed() {
            isSigned = true;
            describeAction({ actor: hookActor(name) });
            // A signature is as good as a key: whoever has none cannot use up what its sender may.
            session.identify({ actor: hookActor(name), permissions: [], expires_ms: Infinity });
            session.limits.message();
          },
        };
        const receive = () => hooks.receive(hook, arrived, counting);
        const { event, delivery_id } = arrived;
        const details = { template: name, event, delivery_id };
        const asked = {
          actor: session.actor,
          ip: session.limits.client,
          action: "receive_delivery",
          details,
        };
        const answer = await (audit ? audit.during(asked, receive) : receive());
        return responseOf(answer, clock);
      } catch (error) {
        if (!isSigned) session.limits.message();
        throw error;
      }
    },
  };
}

function responseOf(answer: HookAnswer, clock: Clock): Response {
  if (answer.kind === "ignored") return new Response(null, { status: NO_CONTENT });
  if (answer.kind === "task") {
    const { task_id, isNew } = answer;
    return Response.json({ task_id }, { status: isNew ? ACCEPTED : 200 });
  }
  const { error } = answer;
  const status = ERRORS[error.code].status === 400 ? UNPROCESSABLE : ERRORS[error.code].status;
  return Response.json(errorReply(error, clock, "hook"), { status });
}
