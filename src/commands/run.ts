import { ZvaultCommand } from "../cli/base.ts";
import { ZvaultError } from "../errors.ts";

/** Help and completion only: main.ts takes `run` before oclif is loaded (src/run/). */
export default class Run extends ZvaultCommand {
  static override summary = "start a program with the values";
  static override usage = ["[options] [--] CMD …"];
  static override strict = false;
  static override description = `
Reads .env.zvault, .env.NAME.zvault (with -e NAME), .env.local.zvault, .env.NAME.local.zvault; later wins. A variable that is
set already wins, unless --override. If nothing is missing, no vault is needed. Options end at the first word that is none.
Values in redirected output are masked. Exit code: the program's; 125, 126, 127 are zvault's own (zvault help codes).`;
  static override examples = [
    "zvault run -- npm run dev",
    "zvault run -e production -- node server.js",
    "zvault run --dry-run",
    "zvault run --key-file shop.key -- node server.js",
  ];

  override run(): Promise<void> {
    throw new ZvaultError("internal", "`run` is started by main.ts");
  }
}
