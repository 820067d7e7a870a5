/** Values on their way in (typed unseen, stdin, file, made in the agent) and out (terminal, pipe, file). Bytes all along. */
import { ZvaultError } from "../errors.ts";
import { promptHidden } from "../run/prompt.ts";
import { isTerminal } from "../sys/tty.ts";
import { readSource } from "./credential.ts";
import { writeWhole } from "./files.ts";
import { note, say, sayJson } from "./output.ts";
import { put } from "./stream.ts";

/** `hex:32`: 32 random bytes as hex; `alnum:24`: 24 characters. Throws `usage`. */
export function generateOf(text: string): { kind: string; length: number } {
  const usage = (message: string) => new ZvaultError("usage", message, { hint: "--generate hex:32 | base64:32 | uuid | alnum:24" });
  const found = /^(hex|base64|alnum|uuid)(?::(\d{1,4}))?$/.exec(text);
  if (!found) throw usage("--generate knows hex, base64, alnum and uuid");
  const kind = found[1] ?? "";
  if (kind === "uuid" && found[2] !== undefined) throw usage("a uuid has one length");
  const length = Number(found[2] ?? (kind === "alnum" ? 24 : kind === "uuid" ? 16 : 32));
  if (length < 8 || length > 1024) throw usage("--generate makes 8 to 1024 bytes or characters");
  return { kind, length };
}

/** A value from `-`, `@FILE`, or typed unseen, once. Throws `usage` for anything else: it may be a value. */
export async function readValue(source: string | undefined, what: string): Promise<Uint8Array> {
  if (source === undefined) {
    const typed = await promptHidden(`Value of ${what} (not shown): `).catch((error: unknown) => {
      if (!(error instanceof ZvaultError) || error.code !== "would-ask") throw error;
      throw new ZvaultError("would-ask", "there is no terminal to type the value on", {
        hint: "from stdin with -, from a file with @FILE, or --generate hex:32",
      });
    });
    if (typed.length === 0)
      throw new ZvaultError("interrupted", "no value was typed", {
        hint: "nothing was changed; an empty value: printf '' | zvault set NAME -",
      });
    return typed;
  }
  checkSource(source);
  const bytes = readSource(source) ?? new Uint8Array();
  if (bytes.at(-1) === 0x0a) note("note: the value ends with a newline and is stored so; printf %s leaves it off");
  return bytes;
}

/** Refuses what is neither `-` nor `@FILE`, before anything else is looked at. It is not echoed. */
export function checkSource(source: string | undefined): void {
  if (source === undefined || source === "-" || source.startsWith("@")) return;
  throw new ZvaultError("usage", "a value is never an argument: it would stay in the shell's history", {
    hint: "type it when asked, or give it by - (stdin) or @FILE; if that was a real value, change it",
  });
}

export type ShowFlags = { json: boolean; reveal: boolean; yes: boolean; out?: string | undefined };

/** Refuses, before anything is asked for, what must not be shown. Throws `denied`. */
export function checkShow(flags: ShowFlags): void {
  if (flags.out !== undefined || flags.reveal) return;
  if (flags.json) throw refuse("a value in JSON is shown only with --reveal");
  if (!isTerminal(1)) throw refuse("stdout is no terminal");
}

function refuse(why: string): ZvaultError {
  return new ZvaultError("denied", `the value is not shown: ${why}`, {
    hint: "--reveal writes it to a pipe or file, --out FILE to a new file (0600); a program gets it by `zvault run`",
  });
}

/** Shows a value as the flags say. `bytes` are wiped by the caller. */
export function show(flags: ShowFlags, bytes: Uint8Array, about: object): void {
  if (flags.out !== undefined) {
    writeWhole(flags.out, bytes, { replace: flags.yes });
    if (flags.json) sayJson({ ...about, out: flags.out, bytes: bytes.length });
  } else if (flags.json) {
    sayJson({ ...about, encoding: "base64", value: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64") });
  } else if (isTerminal(1)) {
    onTerminal(bytes);
  } else {
    put(1, bytes);
  }
}

/** A value may hold escape sequences: on a terminal they are shown, not obeyed. */
function onTerminal(bytes: Uint8Array): void {
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  if (Buffer.compare(Buffer.from(text), bytes) !== 0) {
    note(`the value is not text (${bytes.length} bytes); --out FILE writes it as it is`);
    return;
  }
  for (const line of text.replace(/\n$/, "").split("\n")) say(line);
  if (/[\p{Cc}\p{Cf}]/u.test(text.replaceAll("\n", "")))
    note("note: control characters are shown escaped; --out FILE writes them as they are");
}
