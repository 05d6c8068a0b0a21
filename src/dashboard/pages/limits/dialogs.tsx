/** The administrator's dialogs: limits for all, for one client, suspended for a while, lowered under load. */
import { useState } from "preact/hooks";
import { type LimitName, SHARED_LIMITS } from "../../../protocol/limits.ts";
import type { LimitReport } from "../../../protocol/limit_messages.ts";
import { numberOf } from "./change.ts";
import { Field } from "./field.tsx";
import { FormDialog } from "./form_dialog.tsx";
import { LIMIT_ORDER, LIMITS } from "./limit_names.ts";

interface LimitDialogProps {
  onDone: () => void;
  onClose: () => void;
}

type Texts = Partial<Record<LimitName, string>>;

/** The entered limits, as the message takes them. */
function written(texts: Texts): Partial<Record<LimitName, number>> {
  const filled = Object.entries(texts).filter(([, text]) => text.trim() !== "");
  return Object.fromEntries(filled.map(([limit, text]) => [limit, numberOf(text)]));
}

export function ChangeLimits(
  { report, first, ...rest }: LimitDialogProps & { report: LimitReport; first: LimitName },
) {
  const [text, setText] = useState(String(report.limits[first]));
  const { name, what } = LIMITS[first];
  return (
    <FormDialog
      {...rest}
      title={`Limit: ${name}`}
      action="Change for everybody"
      fields={[`limits.${first}`]}
      requested={() => ({ limits: { [first]: numberOf(text) } })}
      done={`${name}: ${text} ${what}`}
    >
      {(problems) => (
        <>
          <Field
            label={name}
            hint={what}
            field={`limits.${first}`}
            problems={problems}
            value={text}
            onInput={setText}
            isNumber
          />
          <p class="muted">
            It holds at once and until the server ends; what lasts is <code>limits.{first}</code>{" "}
            in the configuration file.
          </p>
        </>
      )}
    </FormDialog>
  );
}

const SPANS = { "": "Until it is lifted", "600": "10 minutes", "3600": "1 hour", "86400": "1 day" };

export function Override(
  { report, whose, ...rest }: LimitDialogProps & { report: LimitReport; whose: string },
) {
  const known = report.overrides.find(({ client }) => client === whose);
  const [client, setClient] = useState(whose);
  const [seconds, setSeconds] = useState("");
  const [texts, setTexts] = useState<Texts>(
    Object.fromEntries(Object.entries(known?.limits ?? {}).map(([limit, value]) => [limit, String(value)])),
  );
  const limits = LIMIT_ORDER.filter((limit) => !SHARED_LIMITS.includes(limit));
  const requested = () => {
    if (Object.keys(written(texts)).length === 0) return "Give at least one limit for this client.";
    return {
      override: {
        client: client.trim(),
        limits: written(texts),
        seconds: seconds === "" ? undefined : Number(seconds),
      },
    };
  };
  return (
    <FormDialog
      {...rest}
      title="Limits of one client"
      action="Set them"
      fields={["override.client", ...limits.map((limit) => `override.limits.${limit}`)]}
      requested={requested}
      done={`Client ${client.trim()} now has its own limits`}
    >
      {(problems) => (
        <>
          <Field
            label="Client"
            hint="its address"
            field="override.client"
            problems={problems}
            value={client}
            onInput={setClient}
            placeholder="10.0.0.7"
          />
          <div class="limit-fields">
            {limits.map((limit) => (
              <Field
                key={limit}
                label={LIMITS[limit].name}
                hint={LIMITS[limit].what}
                field={`override.limits.${limit}`}
                problems={problems}
                value={texts[limit] ?? ""}
                onInput={(text) => setTexts({ ...texts, [limit]: text })}
                placeholder={String(report.limits[limit])}
                isNumber
              />
            ))}
          </div>
          <label class="field">
            <span>For</span>
            <select value={seconds} onChange={({ currentTarget }) => setSeconds(currentTarget.value)}>
              {Object.entries(SPANS).map(([span, name]) => <option key={span} value={span}>{name}</option>)}
            </select>
          </label>
        </>
      )}
    </FormDialog>
  );
}

const MINUTE_S = 60;

export function Suspend(props: LimitDialogProps) {
  const [minutes, setMinutes] = useState("10");
  const [reason, setReason] = useState("");
  const given = numberOf(minutes);
  return (
    <FormDialog
      {...props}
      title="Suspend all limits"
      action="Suspend all limits"
      isDanger
      fields={["suspend.seconds", "suspend.reason"]}
      requested={() => ({
        suspend: {
          seconds: typeof given === "number" ? Math.round(given * MINUTE_S) : given,
          reason: reason.trim() || undefined,
        },
      })}
      done={`No limits for ${minutes} min`}
    >
      {(problems) => (
        <>
          <p>
            During this time nobody is limited: any client may use all of the server. Then the limits come
            back by themselves.
          </p>
          <Field
            label="Minutes"
            hint="at most 60"
            field="suspend.seconds"
            problems={problems}
            value={minutes}
            onInput={setMinutes}
            isNumber
          />
          <Field
            label="Reason"
            hint="shown here and in the log"
            field="suspend.reason"
            problems={problems}
            value={reason}
            onInput={setReason}
          />
        </>
      )}
    </FormDialog>
  );
}

export function Scaling({ report, ...rest }: LimitDialogProps & { report: LimitReport }) {
  const [least, setLeast] = useState("25");
  const share = numberOf(least);
  return (
    <FormDialog
      {...rest}
      title="Lower limits under load"
      action={report.scaling.enabled ? "Change it" : "Switch it on"}
      fields={["scaling.minimum"]}
      requested={() => ({
        scaling: { enabled: true, minimum: typeof share === "number" ? share / 100 : share },
      })}
      done="Message limits now follow the load"
    >
      {(problems) => (
        <>
          <p>
            While the machine is overloaded, the limits on messages are lowered step by step, and raised again
            afterwards.
          </p>
          <Field
            label="Never below"
            hint="percent of their values, 1 to 100"
            field="scaling.minimum"
            problems={problems}
            value={least}
            onInput={setLeast}
            isNumber
          />
        </>
      )}
    </FormDialog>
  );
}
