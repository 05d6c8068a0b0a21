import { capability } from "./capability.ts";
import { conflict, type Touches } from "./touches.ts";

export const batch = capability({
  type: "batch",
  doc:
    "Carries out up to 50 requests and answers them in their order, as if each were sent after the reply to the one " +
    "before. Requests that do not depend on each other are carried out at the same time, so new tasks share a commit. " +
    "A request that fails does not stop the others. A batch cannot contain a batch.",
  permission: "read",
  errors: [],
  example: { type: "batch", requests: [{ type: "ping" }, { type: "get_task_status", task_id: "task_456" }] },
  handle: async ({ requests }, { prepare }, session) => {
    const underWay = new UnderWay();
    const responses: (object | Promise<object>)[] = [];
    for (const [index, request] of requests.entries()) {
      // The limits have counted the batch as its first member.
      const member = prepare(request, session, { isCounted: index === 0 });
      // Found anew after each wait: a task may have been created meanwhile that a cancel will touch.
      let touches = member.touches();
      for (let rivals = underWay.rivalsOf(touches); rivals.length > 0; rivals = underWay.rivalsOf(touches)) {
        await Promise.all(rivals);
        touches = member.touches();
      }
      const reply = member.carryOut();
      // It may change who asks and what is allowed, so the next one is not even looked at before.
      if (touches === undefined) await reply;
      else if (reply instanceof Promise) underWay.add(touches, reply);
      responses.push(reply);
    }
    return { responses: await Promise.all(responses) };
  },
});

/** The members of a batch that are under way. Their replies never reject. */
class UnderWay {
  readonly #members = new Set<{ touches: Touches; reply: Promise<object> }>();

  /** The replies to wait for before a request that touches this much is carried out. */
  rivalsOf(touches: Touches | undefined): Promise<object>[] {
    return [...this.#members].filter((one) => conflict(touches, one.touches)).map(({ reply }) => reply);
  }

  add(touches: Touches, reply: Promise<object>): void {
    const member = { touches, reply };
    this.#members.add(member);
    void reply.then(() => this.#members.delete(member));
  }
}
