import * as Flags from "@oclif/core/flags";
import { ZvaultCommand } from "../../cli/base.ts";
import { maybe, name, yesFlag } from "../../cli/flags.ts";
import { readLines, turns } from "../../cli/transit/batch.ts";
import { batchFlag, outFlag } from "../../cli/transit/flags.ts";
import { Input, withoutNewline, wipe } from "../../cli/transit/input.ts";
import { printBatch } from "../../cli/transit/print.ts";
import { ZvaultError } from "../../errors.ts";

export default class TransitVerify extends ZvaultCommand {
  static override person = () => true;
  static override summary = "check a signature or an HMAC";
  static override usage = ["NAME [-|@FILE] --signature TEXT|@FILE", "NAME --batch [-|@FILE]"];
  static override description = `
Exit code 1 if it does not fit. A line of a batch is {"input":BASE64,"signature":"vault:v1:…"} for both kinds, its answer {"valid":true}.`;
  static override examples = [
    "zvault transit verify releases @app.tar.gz --signature @app.sig",
    "zvault transit verify lookups - --signature vault:v1:AbC… < message",
  ];
  static override args = { name: name("the key"), message: maybe("- or @FILE") };
  static override flags = {
    signature: Flags.string({ description: "the signature or HMAC", helpValue: "TEXT|@FILE" }),
    ...batchFlag,
    ...outFlag,
    ...yesFlag,
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(TransitVerify);
    const session = this.session(flags);
    session.vault();
    if (!flags.batch && flags.signature === undefined)
      throw new ZvaultError("usage", "--signature is missing", { hint: "--signature @FILE" });
    const mark = flags.batch ? new Uint8Array() : await markOf(flags.signature ?? "");
    const input = await Input.open(args.message ?? (flags.batch ? "-" : undefined), "Message");
    try {
      if (!flags.batch) {
        const message = input.readPieces();
        const { valid } = (
          await session.ask("transit.verify", { name: args.name, pieces: [message.length] }, { body: [mark, ...message] })
        ).result;
        wipe(message);
        this.answeredNo = valid[0] !== true;
        this.print(flags, { name: args.name, valid: valid[0] === true }, () => (valid[0] ? "valid" : "not valid"));
        return;
      }
      const lines: string[] = [];
      for (const turn of turns(readLines(input, ["input", "signature"]))) {
        const none = new Uint8Array();
        const body = [...turn.map((line) => line.signature ?? none), ...turn.map((line) => line.input ?? none)];
        const { valid } = (await session.ask("transit.verify", { name: args.name }, { body })).result;
        wipe(body);
        this.answeredNo ||= valid.includes(false);
        lines.push(...valid.map((one) => JSON.stringify({ valid: one })));
      }
      printBatch(flags, lines);
    } finally {
      input.close();
    }
  }
}

async function markOf(given: string): Promise<Uint8Array> {
  if (!given.startsWith("@")) return new TextEncoder().encode(given);
  const input = await Input.open(given);
  try {
    return withoutNewline(input.read(4096));
  } finally {
    input.close();
  }
}
