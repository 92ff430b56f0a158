/** What the pages use of uPlot 1.6, which is loaded before their modules. */

interface PlotAxis {
  stroke: string;
  font: string;
  ticks: { show: boolean };
  grid: { show: boolean; stroke?: string; width?: number };
  size: number;
  gap?: number;
  space?: number;
  splits?: () => number[];
  values: (self: uPlot, places: number[]) => string[];
}

interface PlotSeries {
  label?: string;
  fill?: string;
  stroke?: string;
  width?: number;
  points?: { show: boolean };
  paths?: unknown;
}

interface PlotOptions {
  width: number;
  height: number;
  padding: number[];
  legend: { show: boolean };
  cursor: { y: boolean; points: { show: boolean }; drag: { x: boolean; y: boolean } };
  scales: {
    x: { time: boolean; range: [number, number] };
    y: { range: (self: uPlot, least: number, most: number) => [number, number] };
  };
  axes: PlotAxis[];
  series: PlotSeries[];
  hooks: Record<string, ((self: uPlot) => void)[]>;
}

declare class uPlot {
  constructor(options: PlotOptions, data: (number | null)[][], target: HTMLElement);
  static paths: { bars: (options: { size: [number, number] }) => unknown };
  readonly width: number;
  readonly over: HTMLDivElement;
  readonly cursor: { idx?: number | null; left?: number };
  valToPos(value: number, scale: string): number;
  destroy(): void;
}
