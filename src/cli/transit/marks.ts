/** What `sign` and `hmac` share: a message, or a batch of them, and a mark for each. */
import { maybe, name, yesFlag } from "../flags.ts";
import type { Session } from "../session.ts";
import { type Field, printLine, readLines, turns } from "./batch.ts";
import { batchFlag, outFlag, versionFlag, versionOf } from "./flags.ts";
import { Input, wipe } from "./input.ts";
import { printBatch, printTexts } from "./print.ts";

export const markArgs = { name: name("the key"), message: maybe("- or @FILE") };
export const markFlags = { ...versionFlag, ...batchFlag, ...outFlag, ...yesFlag };

type Given = {
  batch: boolean;
  json: boolean;
  yes: boolean;
  out?: string | undefined;
  "key-version"?: number | undefined;
};

export async function makeMarks(
  session: Session,
  verb: "transit.sign" | "transit.hmac",
  args: { name: string; message?: string | undefined },
  flags: Given,
): Promise<void> {
  session.vault();
  const field: Field = verb === "transit.sign" ? "signature" : "hmac";
  const input = await Input.open(args.message ?? (flags.batch ? "-" : undefined), "Message");
  try {
    if (!flags.batch) {
      const message = input.readPieces();
      const asked = { name: args.name, ...versionOf(flags), pieces: [message.length] };
      const { result, body } = await session.ask(verb, asked, { body: message });
      wipe(message);
      const mark = Buffer.from(body[0] ?? []).toString("latin1");
      printTexts(flags, [mark], { name: args.name, version: result.version }, field);
      return;
    }
    const lines: string[] = [];
    for (const turn of turns(readLines(input, ["input"]))) {
      const messages = turn.map((line) => line.input ?? new Uint8Array());
      const { body } = await session.ask(verb, { name: args.name, ...versionOf(flags) }, { body: messages });
      wipe(messages);
      lines.push(...body.map((one) => printLine(field, one)));
    }
    printBatch(flags, lines);
  } finally {
    input.close();
  }
}
