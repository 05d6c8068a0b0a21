/** Processor and memory use of an agent or a process over time. */
import type { UsageSample } from "../data/machine.ts";
import { Chart } from "./chart.tsx";
import { bytes, percent } from "../../protocol/formats.ts";

export interface UsageChartsProps {
  /** What the charts are about, for screen readers. */
  of: string;
  samples: readonly UsageSample[];
  isCompact?: boolean;
}

export function UsageCharts({ of, samples, isCompact = false }: UsageChartsProps) {
  const times = samples.map(({ at }) => at);
  const shared = { times, isCompact, height: isCompact ? 56 : 150 };
  return (
    <div class="usage-charts">
      <Chart
        {...shared}
        label={`Processor use of ${of}`}
        series={[{ name: "CPU", color: "--s2", values: samples.map(({ cpu_percent }) => cpu_percent) }]}
        format={percent}
      />
      <Chart
        {...shared}
        label={`Memory of ${of}`}
        series={[{
          name: "Memory",
          color: "--s2",
          values: samples.map(({ memory_bytes }) => memory_bytes),
        }]}
        format={bytes}
      />
    </div>
  );
}
