import * as Flags from "@oclif/core/flags";
import type { SecretInfo } from "../../calls/kv.ts";
import { ZvaultCommand } from "../../cli/base.ts";
import { classFlags, name, presenceFlags, presenceOf } from "../../cli/flags.ts";
import { table } from "../../cli/output.ts";
import { parsePath } from "../../path.ts";

export default class KvMetadata extends ZvaultCommand {
  static override summary = "show or change class, audience, description";
  static override examples = ["zvault kv metadata app/db", "zvault kv metadata app/db --description 'the test database'"];
  static override args = { path: name("a path") };
  static override flags = {
    ...classFlags,
    exposed: Flags.boolean({ description: "mark as exposed: to be rotated", allowNo: true }),
    ...presenceFlags,
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(KvMetadata);
    const path = parsePath(args.path);
    const session = this.session(flags);
    const changes = {
      ...(flags.class === undefined ? {} : { class: flags.class }),
      ...(flags.audience === undefined ? {} : { audience: flags.audience }),
      ...(flags.description === undefined ? {} : { description: flags.description }),
      ...(flags.exposed === undefined ? {} : { exposed: flags.exposed }),
    };
    const nothing = Object.keys(changes).length === 0;
    const { secret } = nothing
      ? (await session.ask("kv.history", { path })).result
      : (await session.ask("kv.metadata", { path, ...changes }, { presence: presenceOf(flags), what: `Change ${path}` })).result;
    this.print(flags, secret, () => rows(secret));
  }
}

function rows(one: SecretInfo): string[] {
  return table([
    ["path", one.path],
    ["class", one.class],
    ["audience", one.audience],
    ["description", one.description],
    ["version", one.version === 0 ? "removed" : `${one.version} of ${one.versions}`],
    ["created", `${one.created} by ${one.createdBy}`],
    ["updated", one.updated],
    ["exposed", one.exposed ? "yes: rotate it" : "no"],
  ]);
}
