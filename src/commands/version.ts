import { build, version } from "../build.ts";
import { ZvaultCommand } from "../cli/base.ts";

export default class Version extends ZvaultCommand {
  static override summary = "which zvault this is";
  static override examples = ["zvault version", "zvault version --json"];

  override async run(): Promise<void> {
    const { flags } = await this.parse(Version);
    this.print(
      flags,
      { version, build, node: process.versions.node, platform: `${process.platform}-${process.arch}` },
      () => `zvault ${build}`,
    );
  }
}
