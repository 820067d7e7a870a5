import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { realpathSync } from "node:fs";
import { ZvaultCommand } from "../cli/base.ts";
import { presenceFlags, presenceOf, repeatable } from "../cli/flags.ts";
import { refOf } from "../cli/project.ts";
import { sendingsIn } from "../cli/sendings.ts";
import { ZvaultError } from "../errors.ts";
import { folderFor } from "../folder.ts";
import { printHost, sentTo } from "../path.ts";
import { findFiles } from "../run/files.ts";

export default class Allow extends ZvaultCommand {
  static override person = () => true;
  static override summary = "let this folder use another reference";
  static override usage = ["REF…", "--dangerous NAME…"];
  static override description = `
A folder may use the values of the projects bound to it. Anything else that its .env.zvault names needs your leave, once; so do
variables that change what a program runs (NODE_OPTIONS, LD_PRELOAD, PATH, …), and a value that a text of these files sends to a host
(postgres://app:\${zvault://env/shop/PW}@HOST/shop), when that host did not stand there at import. Remembered in the vault, for this folder.`;
  static override examples = [
    "zvault allow env/other/API_KEY",
    "zvault allow env/shop/DB_PASSWORD",
    "zvault allow --dangerous NODE_OPTIONS",
  ];
  static override strict = false;
  static override args = {
    ref: Args.string({
      description: "zvault://PATH or PATH, or with --dangerous names",
      required: true,
      multiple: true,
      ignoreStdin: true,
    }),
  };
  static override flags = {
    dangerous: Flags.boolean({ description: "the words are names of variables" }),
    "env-file": Flags.string({
      char: "f",
      description: "look for hosts in FILE, not in .env*.zvault of this folder",
      helpValue: "FILE",
      ...repeatable,
    }),
    ...presenceFlags,
  };

  override async run(): Promise<void> {
    const { argv, flags } = await this.parse(Allow);
    const words = argv.map(String);
    const session = this.session(flags);
    const files = flags["env-file"];
    const search = { cwd: process.cwd(), home: process.env["HOME"], ...(files === undefined ? {} : { files }) };
    const folder = findFiles(search)[0]?.folder ?? realpathSync(process.cwd());
    const below = folderFor(session.vault(), folder);
    const paths = flags.dangerous ? [] : words.map((word) => refOf(word).path);
    const sendings = flags.dangerous ? new Map<string, Set<string>>() : sendingsIn(folder, files);
    const hosts = new Set(paths.flatMap((path) => [...(sendings.get(path) ?? [])]));
    const sent = paths.flatMap((path) => [path, ...Array.from(sendings.get(path) ?? [], (host) => sentTo(path, host))]);
    const asked = flags.dangerous ? { folder: below, dangerous: words.map(variable) } : { folder: below, refs: [...new Set(sent)] };
    const leave = `use ${words.join(" ")}${hosts.size === 0 ? "" : ` and send it to ${Array.from(hosts, printHost).join(", ")}`}`;
    const { result } = await session.ask("project.allow", asked, {
      presence: presenceOf(flags),
      what: `Let ${folder} ${leave}`,
    });
    this.print(flags, result, () => `${folder} may ${leave}`);
  }
}

function variable(word: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_.%*-]*$/.test(word)) return word;
  throw new ZvaultError("usage", `${JSON.stringify(word.slice(0, 40))} is no name of a variable`);
}
