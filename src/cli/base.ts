/** What every command has: the flags with the same meaning everywhere, a session, and one way to print. */
import { Command } from "@oclif/core/command";
import type { Config } from "@oclif/core/config";
import * as Flags from "@oclif/core/flags";
import { say, sayJson, note } from "./output.ts";
import { Session } from "./session.ts";

export type CommonFlags = { json: boolean; quiet: boolean; verbose: boolean; vault?: string | undefined };

export abstract class ZvaultCommand extends Command {
  static override baseFlags = {
    json: Flags.boolean({ description: "print one JSON object", helpGroup: "common" }),
    vault: Flags.string({ description: "use the vault in DIR (or ZVAULT_DIR)", helpValue: "DIR", helpGroup: "common" }),
    quiet: Flags.boolean({ char: "q", description: "no notes", helpGroup: "common" }),
    verbose: Flags.boolean({ char: "v", description: "more", helpGroup: "common" }),
    color: Flags.boolean({ description: "output is plain; accepted for scripts", allowNo: true, hidden: true }),
  };

  /** `true`: the command's answer was "no" (exit code 1). */
  answeredNo = false;
  /** another exit code than 0 for an answer that was given */
  answer: number | undefined;
  #session: Session | undefined;

  /** Ends the talk with the agent. */
  done(): void {
    this.#session?.close();
  }

  protected session(flags: { vault?: string | undefined }, o: { start?: boolean } = {}): Session {
    this.#session ??= new Session({ vault: flags.vault, ...o });
    return this.#session;
  }

  /** Data: lines for people, or the object. `text` is only called when it is wanted. */
  protected print(flags: { json: boolean }, json: unknown, text: () => readonly string[] | string): void {
    if (flags.json) {
      sayJson(json);
      return;
    }
    const lines = text();
    for (const line of typeof lines === "string" ? [lines] : lines) say(line);
  }

  /** One line on stderr, unless -q. */
  protected note(flags: { quiet: boolean }, line: string): void {
    if (!flags.quiet) note(line);
  }
}

type Startable = new (argv: string[], config: Config) => ZvaultCommand;

/** What oclif's own `run` does, without its hooks and its second look at the configuration. Returns the exit code. */
export async function startCommand(made: typeof ZvaultCommand, argv: string[], config: Config): Promise<number> {
  const command = new (made as unknown as Startable)(argv, config);
  try {
    await command.run();
    return command.answer ?? (command.answeredNo ? 1 : 0);
  } finally {
    command.done();
  }
}
