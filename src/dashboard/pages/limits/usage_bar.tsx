/** The use of a limit, as a bar with figures. */
import type { ComponentChildren } from "preact";
import type { LimitName } from "../../../protocol/limits.ts";
import { LIMITS } from "./limit_names.ts";

export interface Use {
  current: number;
  maximum: number;
}

export interface UsageBarProps {
  limit: LimitName;
  /** The limit in force. */
  maximum: number;
  /** Undefined: nobody uses the limit, or the server does not report its use. */
  use: Use | undefined;
  /** Whether the server reports its use. */
  isMeasured?: boolean;
  /** The client with the highest use, if there are several. */
  whose?: string | undefined;
  children?: ComponentChildren;
}

/** The server warns from here on. */
const HIGH = .8;

export function UsageBar({ limit, maximum, use, isMeasured = true, whose, children }: UsageBarProps) {
  const { name, what } = LIMITS[limit];
  const most = use?.maximum ?? maximum;
  const share = use === undefined ? 0 : use.current / most;
  const level = share >= 1 ? "full" : share >= HIGH ? "high" : "fine";
  const figures = isMeasured ? `${use?.current ?? 0} of ${most}` : `at most ${most}`;
  return (
    <li class={`usage is-${level}`} data-limit={limit}>
      <span class="usage-name">
        {name} <span class="muted">{what}</span>
        {whose !== undefined && <span class="muted usage-whose">most used by {whose}</span>}
      </span>
      <span class="figure usage-figures">{figures}</span>
      {isMeasured && (
        <span
          class="usage-bar"
          role="meter"
          aria-label={`${name} ${what}`}
          aria-valuemin={0}
          aria-valuemax={most}
          aria-valuenow={Math.min(most, use?.current ?? 0)}
          aria-valuetext={figures}
        >
          <span style={{ width: `${Math.min(100, 100 * share)}%` }} />
        </span>
      )}
      {children && <span class="muted usage-more">{children}</span>}
    </li>
  );
}
