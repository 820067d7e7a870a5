/** What every command has: the flags with the same meaning everywhere, a session, and one way to print. */
import { Command } from "@oclif/core/command";
import type { Config } from "@oclif/core/config";
import * as Flags from "@oclif/core/flags";
import type { Input, ParserOutput } from "@oclif/core/interfaces";
import { ZvaultError } from "../errors.ts";
import { refusal, Refused, sealedFor, typedFolder } from "../signs/refusal.ts";
import { sayJson, note, tell } from "./output.ts";
import { Session } from "./session.ts";

type Output = { [name: string]: unknown };

export type CommonFlags = { json: boolean; quiet: boolean; verbose: boolean; vault?: string | undefined };

/** What was typed. */
export type Given = { args: Readonly<Record<string, unknown>>; flags: Readonly<Record<string, unknown>> };

export abstract class ZvaultCommand extends Command {
  static override baseFlags = {
    json: Flags.boolean({ description: "print one JSON object", helpGroup: "common" }),
    vault: Flags.string({ description: "use the vault in DIR (or ZVAULT_DIR)", helpValue: "DIR", helpGroup: "common" }),
    quiet: Flags.boolean({ char: "q", description: "no notes", helpGroup: "common" }),
    verbose: Flags.boolean({ char: "v", description: "more", helpGroup: "common" }),
    color: Flags.boolean({ description: "output is plain; accepted for scripts", allowNo: true, hidden: true }),
  };

  /** Whether what was typed is for a person. An AI tool is told so before anything is asked for; the gate refuses it in any case. */
  static person: (given: Given) => boolean = () => false;

  /** `true`: the command's answer was "no" (exit code 1). */
  answeredNo = false;
  /** another exit code than 0 for an answer that was given */
  answer: number | undefined;
  /** as in the table: `kv:get` */
  commandId = "";
  #session: Session | undefined;

  #given: Given = { args: {}, flags: {} };

  /** As oclif does, then looks who asks. */
  protected override async parse<F extends Output, B extends Output, A extends Output>(
    options?: Input<F, B, A>,
    argv?: string[],
  ): Promise<ParserOutput<F, B, A>> {
    const parsed = await super.parse(options, argv);
    this.#given = { args: parsed.args, flags: parsed.flags };
    const flags = parsed.flags as { vault?: string };
    if (!(this.constructor as typeof ZvaultCommand).person(this.#given)) return parsed;
    const { verdict, tool } = await this.session(flags).seen();
    if (verdict === "sign") throw this.#refusal(tool);
    return parsed;
  }

  #refusal(tool = "unknown"): Error {
    const { args, flags } = this.#given;
    const typed = args["name"] ?? args["path"] ?? args["ref"];
    const name = String(Array.isArray(typed) ? typed[0] : typed);
    return refusal({
      command: `${this.commandId}${flags["generate"] === undefined ? "" : ":generate"}`,
      tool,
      folder: typedFolder(process.cwd(), process.env["HOME"]),
      // what does not look like a name may be a value
      name: typed !== undefined && /^[A-Za-z0-9._/:#-]{1,80}$/.test(name) ? name : undefined,
    });
  }

  /** The same failure, in words for an AI tool where it is one that reads them. */
  async explain(error: unknown): Promise<unknown> {
    if (!(error instanceof ZvaultError) || error instanceof Refused) return error;
    if (error.code === "ai-tool") return this.#refusal(error.names[0]);
    if (error.code !== "sealed" || !this.#session) return error;
    const seen = await this.#session.seen().catch(() => undefined);
    return seen?.verdict === "sign" ? sealedFor(seen.tool ?? "unknown", { nothingStarted: false }) : error;
  }

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
    tell(typeof lines === "string" ? [lines] : lines);
  }

  /** One line on stderr, unless -q. */
  protected note(flags: { quiet: boolean }, line: string): void {
    if (!flags.quiet) note(line);
  }
}

type Startable = new (argv: string[], config: Config) => ZvaultCommand;

/** What oclif's own `run` does, without its hooks and its second look at the configuration. Returns the exit code. */
export async function startCommand(made: typeof ZvaultCommand, id: string, argv: string[], config: Config): Promise<number> {
  const command = new (made as unknown as Startable)(argv, config);
  command.commandId = id;
  try {
    await command.run();
    return command.answer ?? (command.answeredNo ? 1 : 0);
  } catch (error) {
    throw await command.explain(error);
  } finally {
    command.done();
  }
}
