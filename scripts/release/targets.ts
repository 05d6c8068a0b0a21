/** The platforms that binaries are made for. */

export interface Target {
  /** As in the names of the files. */
  platform: string;
  /** As Deno calls it. */
  triple: string;
  suffix: string;
}

export const TARGETS: readonly Target[] = [
  { platform: "linux-x64", triple: "x86_64-unknown-linux-gnu", suffix: "" },
  { platform: "linux-arm64", triple: "aarch64-unknown-linux-gnu", suffix: "" },
  { platform: "macos-x64", triple: "x86_64-apple-darwin", suffix: "" },
  { platform: "macos-arm64", triple: "aarch64-apple-darwin", suffix: "" },
  { platform: "windows-x64", triple: "x86_64-pc-windows-msvc", suffix: ".exe" },
];
